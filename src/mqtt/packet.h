// SPDX-License-Identifier: Apache-2.0
// The control packets of MQTT 3.1, 3.1.1 and 5.0 as plain values. What the decoder yields and the
// encoder takes; every text and all binary data are views into the buffer that was decoded (or that
// the caller of the encoder owns), so a packet is valid as long as that buffer.
//
// The same structs serve all versions: what a version does not have keeps its default.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "mqtt/properties.h"
#include "mqtt/reason_code.h"

namespace foz::mqtt {

enum class PacketType : std::uint8_t {
    connect = 1,
    connack = 2,
    publish = 3,
    puback = 4,
    pubrec = 5,
    pubrel = 6,
    pubcomp = 7,
    subscribe = 8,
    suback = 9,
    unsubscribe = 10,
    unsuback = 11,
    pingreq = 12,
    pingresp = 13,
    disconnect = 14,
    auth = 15,
};

/// PUBACK, PUBREC, PUBREL or PUBCOMP.
[[nodiscard]] constexpr bool is_acknowledgement(PacketType type) {
    return type >= PacketType::puback && type <= PacketType::pubcomp;
}

/// "PUBLISH", as the specification spells it.
[[nodiscard]] std::string_view packet_name(PacketType type);

/// The numbers are the Protocol Level bytes of CONNECT [MQTT-3.1.2-2].
enum class ProtocolVersion : std::uint8_t { v3_1 = 3, v3_1_1 = 4, v5 = 5 };

/// "3.1", "3.1.1", "5.0".
[[nodiscard]] std::string_view version_name(ProtocolVersion version);

struct Will {
    std::string_view topic;
    std::string_view payload;
    std::uint8_t qos = 0;
    bool retain = false;
    Properties properties;
};

struct Connect {
    ProtocolVersion version = ProtocolVersion::v3_1_1;
    bool clean_start = true;  // Clean Session in MQTT 3
    bool bridge = false;      // MQTT 3 as Mosquitto's bridges speak it
    std::uint16_t keep_alive_seconds = 0;
    std::string_view client_id;  // may be empty: the server makes one up [MQTT-3.1.3-6]
    std::optional<Will> will;
    std::optional<std::string_view> user_name;
    std::optional<std::string_view> password;
    Properties properties;
};

struct Connack {
    bool session_present = false;
    ReasonCode reason = ReasonCode::success;
    Properties properties;
};

struct Publish {
    std::string_view topic;  // empty only in MQTT 5 with a topic alias
    std::string_view payload;
    std::uint16_t packet_id = 0;  // 0 at QoS 0, otherwise not
    std::uint16_t topic_alias =
            0;  // 0: none. Also among the properties; the encoder reads only those
    std::uint8_t qos = 0;
    bool retain = false;
    bool dup = false;
    Properties properties;
};

/// PUBACK, PUBREC, PUBREL, PUBCOMP.
struct Acknowledgement {
    std::uint16_t packet_id = 0;
    ReasonCode reason = ReasonCode::success;  // always success in MQTT 3
    Properties properties;
};

/// One entry of a SUBSCRIBE.
struct Subscription {
    std::string_view filter;  // a valid topic filter, "$share/..." included
    std::uint8_t qos = 0;
    bool no_local = false;
    bool retain_as_published = false;
    std::uint8_t retain_handling = 0;  // 0 to 2 [MQTT-3.8.3.1]
};

struct Subscribe {
    std::uint16_t packet_id = 0;
    std::vector<Subscription> subscriptions;  // never empty
    Properties properties;
};

struct Suback {
    std::uint16_t packet_id = 0;
    std::vector<ReasonCode> reasons;  // one for each subscription; any failure is 0x80 in MQTT 3
    Properties properties;
};

struct Unsubscribe {
    std::uint16_t packet_id = 0;
    std::vector<std::string_view> filters;  // never empty
    Properties properties;
};

struct Unsuback {
    std::uint16_t packet_id = 0;
    std::vector<ReasonCode> reasons;  // empty in MQTT 3
    Properties properties;
};

struct Disconnect {
    ReasonCode reason = ReasonCode::success;  // always success in MQTT 3
    Properties properties;
};

/// MQTT 5 only.
struct Auth {
    ReasonCode reason = ReasonCode::success;
    Properties properties;
};

}  // namespace foz::mqtt
