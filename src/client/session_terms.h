// SPDX-License-Identifier: Apache-2.0
// What foz asks of another broker when it connects: who it is, what it wants to be sent, how much
// at once. Values only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "config/settings.h"
#include "mqtt/packet.h"

namespace foz::client {

struct Filter {
    std::string filter;  // valid; "$share/GROUP/FILTER" too
    std::uint8_t qos = 1;
    bool no_local = false;             // MQTT 5: not what foz itself has published
    bool retain_as_published = false;  // MQTT 5: the retain flag comes as it was published
    bool skip_retained = false;        // MQTT 5: nothing is sent because of the subscription itself
};

struct Will {
    std::string topic;
    std::string payload;
    std::uint8_t qos = 0;
    bool retain = false;
};

struct SessionTerms {
    mqtt::ProtocolVersion version = mqtt::ProtocolVersion::v5;  // or v3_1_1
    std::string client_id;
    bool clean_start = false;  // true: a session for this connection only, as `foz check` wants it
    std::chrono::seconds keep_alive{60};     // 0: none
    std::chrono::seconds session_expiry{0};  // MQTT 5
    std::uint16_t receive_maximum = 65'535;  // MQTT 5: QoS 1 and 2 messages towards foz
    std::uint16_t in_flight = 1'000;         // the same from foz; the broker may want fewer
    bool hold_releases = false;  // of QoS 2 messages from foz: until ClientProtocol::release()
    bool bridge = false;         // MQTT 3.1.1: say so, and go without when the broker minds
    std::optional<std::string> user_name;
    std::optional<std::string> password;
    std::optional<Will> will;
    std::vector<Filter> filters;                     // none: nothing is subscribed to
    std::uint32_t filters_per_packet = 0xFFFF'FFFF;  // of one SUBSCRIBE
};

/// The terms of a [source] or [bridge], without filters and will. Errors: a password file that
/// cannot be read.
[[nodiscard]] Result<SessionTerms> session_terms(const config::Remote& remote);

}  // namespace foz::client
