// SPDX-License-Identifier: Apache-2.0
// A TLS client in memory, and the two ends of a connection without a network between them.
#pragma once

#include <string>
#include <string_view>

#include "tls/client_context.h"
#include "tls/server_stream.h"

struct bio_st;

namespace foz::tls {

/// OpenSSL's own client over memory. One thread.
class TlsClient {
  public:
    /// Connects to `host` by the rules of the settings; throws when they cannot be loaded.
    TlsClient(const config::ClientTls& settings, std::string_view host);
    /// A client of another kind, which verifies nothing.
    explicit TlsClient(Handle<ssl_ctx_st> context);

    /// Goes on with the handshake, or reads, as far as it can.
    void step();
    void receive(std::string_view bytes);
    [[nodiscard]] std::string take_output();
    void write(std::string_view plaintext);
    void close();

    [[nodiscard]] bool open() const { return open_; }
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bool closed() const { return closed_; }  // by close_notify
    [[nodiscard]] const std::string& received() const { return received_; }
    /// As explain_failure has it.
    [[nodiscard]] const std::string& error() const { return error_; }
    [[nodiscard]] ssl_st* native() const { return connection_.get(); }

  private:
    void make_connection();
    void stop(int result);

    std::string host_;
    std::shared_ptr<const ClientContext> context_;
    Handle<ssl_ctx_st> other_context_;
    Handle<ssl_st> connection_;
    bio_st* input_ = nullptr;   // owned by connection_
    bio_st* output_ = nullptr;  // owned by connection_
    bool open_ = false;
    bool failed_ = false;
    bool closed_ = false;
    std::string received_;
    std::string error_;
};

/// A client and a listener's stream; what one writes, the other gets, in pieces of any size.
struct Link {
    Link(const ServerContext& server_context, TlsClient& to_client);

    /// Passes bytes until nobody has any more, `piece` at a time.
    void settle(std::size_t piece = 100'000);
    void server_sends(std::string_view plaintext);

    TlsClient& client;
    ServerStream server;
    std::string to_client;
    std::string server_received;
};

}  // namespace foz::tls
