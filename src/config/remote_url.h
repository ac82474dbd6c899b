// SPDX-License-Identifier: Apache-2.0
// The URL of a broker that foz connects to. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace foz::config {

struct RemoteUrl {
    bool tls = false;
    bool websocket = false;
    std::string host;  // without the brackets of an IPv6 address
    std::uint16_t port = 0;
    std::string path;  // of a WebSocket; "/mqtt" unless told

    bool operator==(const RemoteUrl&) const = default;
};

/// mqtt://, mqtts://, ws:// or wss://host[:port][/path]; ports 1883, 8883, 80 and 443 unless told.
/// The error is what comes after `"url" in [source.aws] `: `must be ...`.
[[nodiscard]] Result<RemoteUrl> parse_remote_url(std::string_view url);

}  // namespace foz::config
