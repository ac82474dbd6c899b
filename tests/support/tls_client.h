// SPDX-License-Identifier: Apache-2.0
// A TLS client in memory, by the rules that foz itself has as one, and the same on a TCP
// connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "tests/broker/raw_client.h"
#include "tls/client_context.h"

struct bio_st;

namespace foz::support {

/// OpenSSL's own client over memory. One thread.
class TlsClient {
  public:
    /// Connects to `host` by the rules of the settings; throws when they cannot be loaded.
    TlsClient(const config::ClientTls& settings, std::string_view host);
    /// A client of another kind, which verifies nothing.
    explicit TlsClient(tls::Handle<ssl_ctx_st> context);

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
    std::shared_ptr<const tls::ClientContext> context_;
    tls::Handle<ssl_ctx_st> other_context_;
    tls::Handle<ssl_st> connection_;
    bio_st* input_ = nullptr;   // owned by connection_
    bio_st* output_ = nullptr;  // owned by connection_
    bool open_ = false;
    bool failed_ = false;
    bool closed_ = false;
    std::string received_;
    std::string error_;
};

struct TlsSocketOptions {
    std::uint16_t port = 0;
    config::ClientTls tls;
    std::string host = "localhost";  // SNI, unless it is an address; and what is verified
};

/// A TlsClient on a TCP connection, which sends exactly the bytes it is told to and reads MQTT
/// packets: for tests of what a server does with them. One thread; blocking, each read for 10 s at
/// most.
class TlsSocket {
  public:
    /// Connects to 127.0.0.1 and shakes hands. In TLS 1.3 the server may refuse the client's
    /// certificate only after that.
    explicit TlsSocket(const TlsSocketOptions& options);

    /// Why the handshake failed; "" when it did not.
    [[nodiscard]] const std::string& refused() const { return refused_; }

    /// False when the server has closed the connection.
    bool send(std::string_view bytes);
    /// The next whole MQTT packet, with its fixed header; nothing when the server closes the
    /// connection or sends none.
    [[nodiscard]] std::optional<std::string> packet();
    /// Whether the server has closed the connection after what packet() has returned; waits.
    [[nodiscard]] bool closed();
    /// Ends the TCP connection without a word.
    void break_off() { socket_.reset(); }

  private:
    bool flush();
    /// False at the end.
    bool read();

    std::unique_ptr<broker::RawClient> socket_;
    std::unique_ptr<TlsClient> client_;
    std::string refused_;
    std::size_t taken_ = 0;  // of what the client has received
};

}  // namespace foz::support
