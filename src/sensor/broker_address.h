// SPDX-License-Identifier: Apache-2.0
// Where the broker is: mqtt://user:password@host:port, or mqtts:// for TLS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

#include "base/error.h"

namespace foz::sensor {

struct BrokerAddress {
    std::string host = "127.0.0.1";
    std::uint16_t port = 1883;
    bool tls = false;
    std::optional<std::string> user;
    std::optional<std::string> password;
};

/// User and password may hold %XX; an IPv6 host stands in brackets; the port is 1883 when left
/// out, 8883 with TLS.
[[nodiscard]] Result<BrokerAddress> parse_broker_url(std::string_view url);

/// An address that connect() takes.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

/// Asks the resolver; blocks. All addresses of the host, one at least.
[[nodiscard]] Result<std::vector<SocketAddress>> resolve(const BrokerAddress& address);

}  // namespace foz::sensor
