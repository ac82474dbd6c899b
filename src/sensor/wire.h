// SPDX-License-Identifier: Apache-2.0
// A sensor's connection to the broker: a socket, and TLS over it when the URL says mqtts. Nothing
// blocks; the loop waits for the socket (level-triggered). One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "sensor/broker_address.h"
#include "tls/client_socket.h"

namespace foz::sensor {

/// Where a wire leads to. `tls`: nullptr: none; it must outlive the wire.
struct WireEnd {
    std::vector<SocketAddress> addresses;  // one at least
    std::string host;                      // for which the broker's certificate must be
    const tls::ClientContext* tls = nullptr;
};

class Wire {
  public:
    /// A closed one.
    Wire() = default;

    /// Begins to connect: wait until the socket is writable, then finish_opening(). Each further
    /// `attempt` takes another address. Error: io.
    [[nodiscard]] static Result<Wire> open(const WireEnd& end, std::uint32_t attempt);

    [[nodiscard]] bool is_open() const { return socket_.number() >= 0; }
    [[nodiscard]] int descriptor() const { return socket_.number(); }

    /// Until it returns `nothing`: again when the socket is as it says. Error: why the connection
    /// did not come about.
    [[nodiscard]] Result<tls::Waiting> finish_opening(const WireEnd& end);

    /// Bytes put to the beginning of `to`; 0: none is there yet. Error: why the connection is over.
    [[nodiscard]] Result<std::size_t> read(std::span<char> to);
    /// Whether there is more to read of which the socket will not tell.
    [[nodiscard]] bool holds_more() const { return tls_ && tls_->holds_more(); }

    /// How many of `bytes` were taken; the rest when the socket is writable. That an error ended
    /// the connection shows at the next read().
    [[nodiscard]] std::size_t write(std::string_view bytes);

  private:
    Descriptor socket_{-1};
    std::optional<tls::ClientSocket> tls_;  // before the socket it is on is closed
};

}  // namespace foz::sensor
