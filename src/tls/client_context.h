// SPDX-License-Identifier: Apache-2.0
// TLS towards a broker that foz connects to: an SSL_CTX for asio::ssl::stream, and what must be set
// on each connection. TLS 1.2 and 1.3; the peer's certificate is always verified, name included.
//
//   const auto context = tls::ClientContext::load(settings, now);
//   ::SSL_CTX_up_ref((*context)->native());           // asio::ssl::context frees one reference
//   asio::ssl::context asio_context((*context)->native());
//   asio::ssl::stream<tcp::socket> stream(io, asio_context);
//   (*context)->prepare(stream.native_handle(), host);  // before the handshake
//
// Do not call set_verify_mode or set_verify_callback of Asio: prepare has done both. When the
// handshake or, with TLS 1.3, the first read fails, explain_failure() says why.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "config/settings.h"
#include "tls/handle.h"

namespace foz::tls {

/// Immutable; any thread.
class ClientContext {
  public:
    /// Reads the files; errors as those of ServerContext::load.
    [[nodiscard]] static Result<std::shared_ptr<const ClientContext>> load(
            const config::ClientTls& settings, SystemTime now);

    /// Before the handshake: asks for the settings' server_name, or else `host` (SNI; not for an IP
    /// address), and lets the handshake fail unless the certificate is for it.
    [[nodiscard]] Result<void> prepare(ssl_st* connection, std::string_view host) const;

    /// What does not stop foz, but may stop the peer: see ServerContext::warnings.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
    [[nodiscard]] ssl_ctx_st* native() const { return context_.get(); }

  private:
    ClientContext() = default;

    Handle<ssl_ctx_st> context_;
    std::string server_name_;
    std::vector<std::string> warnings_;
};

/// Why the TLS connection with `host` failed, as a likely cause and what to do, in one line.
/// `openssl_error` is the value of a boost::system::error_code of Asio's SSL category
/// (static_cast<unsigned long>(error.value())), or 0 for any other error, such as the end of the
/// connection (for which Asio has stream_truncated and eof): then it is what can be told from the
/// state of the connection.
[[nodiscard]] std::string explain_failure(
        const ssl_st* connection, unsigned long openssl_error, std::string_view host);

}  // namespace foz::tls
