// SPDX-License-Identifier: Apache-2.0
// Packets as bytes, to compare with what foz sends.
#pragma once

#include <cstdint>
#include <string>

#include "mqtt/encoder.h"

namespace foz::client {

inline std::string ack(mqtt::PacketType type, std::uint16_t packet_id) {
    std::string bytes;
    mqtt::append_acknowledgement(bytes, type, packet_id);
    return bytes;
}

inline std::string publish(
    const mqtt::Publish& packet, mqtt::ProtocolVersion version = mqtt::ProtocolVersion::v5
) {
    std::string bytes;
    mqtt::append_publish(bytes, packet, version);
    return bytes;
}

}  // namespace foz::client
