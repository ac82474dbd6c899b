// SPDX-License-Identifier: Apache-2.0
// Packets as bytes, to compare with what foz sends.
#pragma once

#include <cstdint>
#include <string>

#include "mqtt/encoder.h"

namespace foz::mqtt {

inline std::string ack(PacketType type, std::uint16_t packet_id) {
    std::string bytes;
    append_acknowledgement(bytes, type, packet_id);
    return bytes;
}

inline std::string publish(const Publish& packet, ProtocolVersion version = ProtocolVersion::v5) {
    std::string bytes;
    append_publish(bytes, packet, version);
    return bytes;
}

}  // namespace foz::mqtt
