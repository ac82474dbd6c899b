// SPDX-License-Identifier: Apache-2.0
// MQTT in the binary frames of a WebSocket [MQTT-6], over TCP or TLS. Without compression, which
// MQTT clients do not ask for.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>

#include "client/byte_stream.h"
#include "client/link_failure.h"
#include "config/remote_url.h"

namespace foz::client {

class WebSocketStream final : public ByteStream {
  public:
    using HandshakeDone = std::move_only_function<void(std::optional<LinkFailure>)>;

    /// `below` must outlive this.
    WebSocketStream(boost::asio::io_context& io, ByteStream& below);
    ~WebSocketStream() override;

    /// Asks the web server at `url` for a WebSocket.
    void shake_hands(const config::RemoteUrl& url, HandshakeDone done);

    void read(std::span<char> into, Done done) override;
    void write(std::string_view bytes, Done done) override;

    /// Whether the broker ended it in order.
    [[nodiscard]] static bool says_closed(const boost::system::error_code& error);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace foz::client
