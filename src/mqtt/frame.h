// SPDX-License-Identifier: Apache-2.0
// The fixed header of a control packet [MQTT5 2.1]: where a packet ends and what it is. Pure; any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "mqtt/packet.h"
#include "mqtt/reason_code.h"

namespace foz::mqtt {

/// A whole packet in the input.
struct Frame {
    PacketType type{};
    std::uint8_t flags = 0;  // the lower four bits of the first byte
    std::string_view body;   // after the fixed header
    std::size_t size = 0;    // of the fixed header and the body: where the next packet starts
};

/// The largest packet there is: 1 + 4 + 268,435,455 bytes [MQTT-2.1.4].
inline constexpr std::uint32_t kPacketBytesMax = 268'435'460;

/// Looks for a packet at the start of `input`. Three outcomes: a frame; nothing, when more bytes
/// are needed; an error as soon as the fixed header shows one: reserved type or flags, QoS 3, a
/// Remaining Length over four bytes, a packet over `packet_bytes_max` (packet_too_large), before
/// its body is here. Before CONNECT the version is not known: pass v5.
[[nodiscard]] Decoded<std::optional<Frame>> read_frame(std::string_view input,
        ProtocolVersion version, std::uint32_t packet_bytes_max = kPacketBytesMax);

/// How many bytes the packet at the start of `input` has in all, fixed header included; 0 when that
/// cannot be told yet. For growing a buffer after read_frame wanted more.
[[nodiscard]] std::size_t packet_size(std::string_view input);

}  // namespace foz::mqtt
