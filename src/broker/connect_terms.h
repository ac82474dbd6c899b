// SPDX-License-Identifier: Apache-2.0
// What a CONNECT asks for, within the server's limits, and why some are refused whoever sends them.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "mqtt/packet.h"

namespace foz::broker {

struct ConnectRefusal {
    mqtt::ReasonCode reason = mqtt::ReasonCode::success;
    std::string_view why;  // a literal
};
/// Nothing: it may be taken.
[[nodiscard]] std::optional<ConnectRefusal> refusal_of(const mqtt::Connect& connect);

struct ConnectTerms {
    std::string client_id;
    bool client_id_assigned = false;  // the client left the choice to the server [MQTT-3.1.3-6]
    bool clean_start = true;
    bool is_bridge = false;                  // another broker's, of the kind that MQTT 3 can tell
    std::uint16_t receive_maximum = 65'535;  // of the client [MQTT-3.1.2.11.3]
    std::uint16_t topic_alias_maximum = 0;   // of the client [MQTT-3.1.2.11.5]
    std::uint16_t keep_alive = 0;            // seconds; 0: none
    /// Seconds for which the session is to outlive the connection; not yet limited.
    std::uint32_t expiry_requested = 0;

    [[nodiscard]] static ConnectTerms of(
            const mqtt::Connect& connect, const config::Limits& limits);
};

/// What a CONNECT says about who it is from.
struct Credentials {
    std::string user_name;
    std::string password;

    [[nodiscard]] std::size_t bytes() const { return user_name.capacity() + password.capacity(); }
};

}  // namespace foz::broker
