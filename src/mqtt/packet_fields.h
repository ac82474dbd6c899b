// SPDX-License-Identifier: Apache-2.0
// Fields that several packets have, read and judged. Inside mqtt/ only; what is wrong ends up in
// the reader, as wire_reader.h says.
#pragma once

#include <cstdint>
#include <string_view>

#include "mqtt/decoder.h"
#include "mqtt/wire_reader.h"

namespace foz::mqtt {

/// The Property Length and what it covers; nothing is read, and none there, in MQTT 3.
[[nodiscard]] Properties read_properties(
        WireReader& reader, PropertyOwner owner, const DecodeContext& context);

/// A topic name, to be published to: valid, without wildcards, within the limits. May be empty.
[[nodiscard]] std::string_view read_topic_name(WireReader& reader, const DecodeLimits& limits);

/// A topic filter, perhaps a shared one: valid, within the limits.
[[nodiscard]] std::string_view read_topic_filter(WireReader& reader, const DecodeLimits& limits);

/// Not zero [MQTT-2.2.1-3].
[[nodiscard]] std::uint16_t read_packet_id(WireReader& reader);

/// A reason code that a packet of that type from that sender may have, in MQTT 5.
[[nodiscard]] ReasonCode read_reason(WireReader& reader, PacketType type, Sender sender);

}  // namespace foz::mqtt
