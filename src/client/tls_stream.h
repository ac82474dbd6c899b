// SPDX-License-Identifier: Apache-2.0
// TLS over a TCP socket that is connected.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "base/error.h"
#include "client/byte_stream.h"
#include "client/link_failure.h"
#include "tls/client_context.h"

namespace foz::client {

class TlsStream final : public ByteStream {
  public:
    using HandshakeDone = std::move_only_function<void(const boost::system::error_code&)>;

    /// `socket` must outlive this. `host`: whom the certificate must be for.
    TlsStream(boost::asio::ip::tcp::socket& socket, const tls::ClientContext& context,
            std::string host);

    /// Error: no certificate can be for the host; then `done` is not called.
    [[nodiscard]] Result<void> shake_hands(const tls::ClientContext& context, HandshakeDone done);

    void read(std::span<char> into, Done done) override;
    void write(std::string_view bytes, Done done) override;

    /// Whose protocol, cipher and certificates the handshake settled on.
    [[nodiscard]] SSL* ssl() { return stream_.native_handle(); }

    /// What TLS has to say about an error of this or what lies over it; nothing: it is not about
    /// TLS.
    [[nodiscard]] std::optional<LinkFailure> failure_of(const boost::system::error_code& error);

  private:
    boost::asio::ssl::stream<boost::asio::ip::tcp::socket&> stream_;
    std::string host_;
};

}  // namespace foz::client
