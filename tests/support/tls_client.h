// SPDX-License-Identifier: Apache-2.0
// A TLS client that sends exactly the bytes it is told to, and reads MQTT packets: for tests of
// what a server does with them. One thread; blocking, each read for 10 s at most.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/certificates.h"

namespace foz::support {

struct TlsClientOptions {
    std::uint16_t port = 0;
    std::filesystem::path ca;
    std::optional<CertificateFiles> certificate;
    std::string server_name = "localhost";  // SNI; "": none
    std::string alpn;                       // one protocol; "": none
};

class TlsClient {
  public:
    /// Connects to 127.0.0.1 and shakes hands. In TLS 1.3 the server may refuse the client's
    /// certificate only after that.
    explicit TlsClient(const TlsClientOptions& options);
    ~TlsClient();
    TlsClient(TlsClient&&) noexcept;
    TlsClient& operator=(TlsClient&&) noexcept;

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
    void break_off();

  private:
    struct Native;
    /// False at the end.
    bool read();

    std::unique_ptr<Native> native_;
    std::string refused_;
    std::string in_;
};

}  // namespace foz::support
