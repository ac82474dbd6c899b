// SPDX-License-Identifier: Apache-2.0
#include "mqtt/frame.h"

#include <algorithm>

namespace foz::mqtt {
namespace {

std::unexpected<DecodeError> malformed(std::string_view message) {
    return std::unexpected(DecodeError{ReasonCode::malformed_packet, message});
}

/// The Remaining Length [MQTT5 2.1.4] of the packet that `input` starts with.
struct RemainingLength {
    std::size_t value = 0;
    std::size_t header_bytes = 0;  // of the whole fixed header; 0: more input is needed
    bool too_long = false;         // over four bytes
};

RemainingLength read_remaining_length(std::string_view input) {
    std::size_t value = 0;
    for (std::size_t i = 1; i < std::min<std::size_t>(input.size(), 5); ++i) {
        const auto byte = static_cast<std::uint8_t>(input[i]);
        value |= static_cast<std::size_t>(byte & 0x7FU) << (7 * (i - 1));
        if (byte < 0x80) return {.value = value, .header_bytes = i + 1};
    }
    return {.too_long = input.size() >= 5};
}

/// Why the flags of a PUBLISH are wrong; empty when they are not.
std::string_view publish_flags_error(unsigned flags, ProtocolVersion version) {
    const unsigned qos = (flags >> 1U) & 3U;
    if (qos == 3) return "[MQTT-3.3.1-4] a PUBLISH has QoS 3";
    const bool dup = (flags & 8U) != 0;
    if (dup && qos == 0 && version != ProtocolVersion::v3_1) {
        return "[MQTT-3.3.1-2] a PUBLISH with QoS 0 has DUP set";
    }
    return {};
}

/// MQTT 3.1 gives the flags of other packets than PUBLISH no meaning, and lets PUBREL, SUBSCRIBE
/// and UNSUBSCRIBE be sent again with DUP: so they are not looked at.
std::string_view flags_error(PacketType type, unsigned flags, ProtocolVersion version) {
    if (type == PacketType::publish) return publish_flags_error(flags, version);
    if (version == ProtocolVersion::v3_1) return {};
    const bool acknowledged = type == PacketType::pubrel || type == PacketType::subscribe ||
                              type == PacketType::unsubscribe;
    if (flags != (acknowledged ? 2U : 0U)) {
        return "[MQTT-2.1.3-1] the reserved flags of the fixed header are not as they must be";
    }
    return {};
}

}  // namespace

Decoded<std::optional<Frame>> read_frame(
        std::string_view input, ProtocolVersion version, std::uint32_t packet_bytes_max) {
    if (input.empty()) return std::nullopt;
    const auto first = static_cast<std::uint8_t>(input[0]);
    const auto type = static_cast<PacketType>(first >> 4U);
    const unsigned flags = first & 0x0FU;
    if (first < 0x10 || (type == PacketType::auth && version != ProtocolVersion::v5)) {
        return malformed("[MQTT5 2.1.2] the packet type is reserved");
    }
    if (const std::string_view error = flags_error(type, flags, version); !error.empty()) {
        return malformed(error);
    }
    const RemainingLength remaining = read_remaining_length(input);
    if (remaining.too_long) {
        return malformed("[MQTT5 2.1.4] the Remaining Length has over four bytes");
    }
    if (remaining.header_bytes == 0) return std::nullopt;
    const std::size_t size = remaining.header_bytes + remaining.value;
    if (size > packet_bytes_max) {
        return std::unexpected(DecodeError{.reason = ReasonCode::packet_too_large,
            .message = "[MQTT-3.2.2-15] the packet is larger than is allowed here",
            .exceeded = {.name = "packet_bytes", .limit = packet_bytes_max, .found = size}});
    }
    if (size > input.size()) return std::nullopt;
    return Frame{
        .type = type,
        .flags = static_cast<std::uint8_t>(flags),
        .body = input.substr(remaining.header_bytes, remaining.value),
        .size = size,
    };
}

std::size_t packet_size(std::string_view input) {
    const RemainingLength remaining = read_remaining_length(input);
    return remaining.header_bytes == 0 ? 0 : remaining.header_bytes + remaining.value;
}

}  // namespace foz::mqtt
