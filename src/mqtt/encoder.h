// SPDX-License-Identifier: Apache-2.0
// Packets to bytes: each function appends one whole packet to a buffer. Pure; any thread.
//
// The caller passes valid values (topics, packet ids, properties that belong there); a text over
// 65,535 bytes or a packet over 268,435,460 bytes is a bug and fails a FOZ_CHECK. In MQTT 3
// properties are left out, and reasons are turned into what that version has.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "mqtt/packet.h"

namespace foz::mqtt {

void append_connect(std::string& to, const Connect& packet);
/// In MQTT 3 a reason without a return code of its own becomes 3, "server unavailable".
void append_connack(std::string& to, const Connack& packet, ProtocolVersion version);
void append_publish(std::string& to, const Publish& packet, ProtocolVersion version);
/// `type`: puback, pubrec, pubrel or pubcomp.
void append_acknowledgement(
        std::string& to, PacketType type, const Acknowledgement& packet, ProtocolVersion version);
void append_subscribe(std::string& to, const Subscribe& packet, ProtocolVersion version);
void append_suback(std::string& to, const Suback& packet, ProtocolVersion version);
void append_unsubscribe(std::string& to, const Unsubscribe& packet, ProtocolVersion version);
void append_unsuback(std::string& to, const Unsuback& packet, ProtocolVersion version);
/// In MQTT 3 only a client sends this.
void append_disconnect(std::string& to, const Disconnect& packet, ProtocolVersion version);
void append_auth(std::string& to, const Auth& packet);  // MQTT 5 only

inline void append_pingreq(std::string& to) {
    to.append("\xC0\0", 2);
}
inline void append_pingresp(std::string& to) {
    to.append("\xD0\0", 2);
}

/// The fast path: success, four bytes, the same in all versions. `type` as above.
inline void append_acknowledgement(std::string& to, PacketType type, std::uint16_t packet_id) {
    const unsigned flags = type == PacketType::pubrel ? 2U : 0U;
    char bytes[4] = {static_cast<char>((static_cast<unsigned>(type) << 4U) | flags), 2, 0, 0};
    store_big(bytes + 2, packet_id);
    to.append(bytes, sizeof bytes);
}

}  // namespace foz::mqtt
