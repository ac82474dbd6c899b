// SPDX-License-Identifier: Apache-2.0
// Bytes to packets. First read_frame (frame.h) finds where a packet ends and what it is; then the
// decode function for its type reads the body. Every malformed packet and every protocol error that
// can be seen in one packet alone is refused, with the reason code and the statement of the
// specification; what depends on what came before (a second CONNECT, an unknown packet id, an alias
// never set) is the caller's.
//
// Pure; any thread. Nothing is copied: packets are views into the input. Only decode_subscribe,
// suback, unsubscribe and unsuback allocate, a list as long as the packet's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "mqtt/frame.h"
#include "mqtt/packet.h"
#include "mqtt/properties.h"
#include "mqtt/reason_code.h"

namespace foz::mqtt {

/// Caps on what one packet may hold. The defaults are the specification's own limits.
struct DecodeLimits {
    std::uint16_t topic_bytes = 0xFFFF;      // exceeded: topic_name_invalid, topic_filter_invalid
    std::uint16_t topic_levels = 0xFFFF;     // the same
    std::uint16_t client_id_bytes = 0xFFFF;  // exceeded: client_identifier_not_valid
    std::uint32_t user_properties = 0xFFFFFFFF;        // exceeded: quota_exceeded; the will's are
    std::uint32_t user_properties_bytes = 0xFFFFFFFF;  // counted apart from those of CONNECT
    std::uint32_t subscriptions =
            0xFFFFFFFF;  // entries of a SUBSCRIBE or UNSUBSCRIBE: quota_exceeded
};

/// What a connection knows about the packets that it receives.
struct DecodeContext {
    ProtocolVersion version = ProtocolVersion::v5;  // decode_connect finds it out itself
    Sender sender = Sender::client;
    DecodeLimits limits{};
};

/// An unknown protocol level, or another protocol's name: unsupported_protocol_version.
[[nodiscard]] Decoded<Connect> decode_connect(std::string_view body, const DecodeLimits& limits);

/// In which version to answer a CONNECT that decode_connect refused: v3_1_1 (whose CONNACK is that
/// of 3.1 too) when its protocol level is 4 or lower, v5 when higher; nothing when not even a
/// protocol name of MQTT is there: then close without an answer.
[[nodiscard]] std::optional<ProtocolVersion> version_to_refuse_in(std::string_view connect_body);

/// The fast path: no allocation. `frame.type` must be publish.
[[nodiscard]] Decoded<Publish> decode_publish(const Frame& frame, const DecodeContext& context);

/// PUBACK, PUBREC, PUBREL, PUBCOMP, by `frame.type`.
[[nodiscard]] Decoded<Acknowledgement> decode_acknowledgement(
        const Frame& frame, const DecodeContext& context);

[[nodiscard]] Decoded<Connack> decode_connack(std::string_view body, const DecodeContext& context);
[[nodiscard]] Decoded<Subscribe> decode_subscribe(
        std::string_view body, const DecodeContext& context);
[[nodiscard]] Decoded<Suback> decode_suback(std::string_view body, const DecodeContext& context);
[[nodiscard]] Decoded<Unsubscribe> decode_unsubscribe(
        std::string_view body, const DecodeContext& context);
[[nodiscard]] Decoded<Unsuback> decode_unsuback(
        std::string_view body, const DecodeContext& context);
[[nodiscard]] Decoded<Disconnect> decode_disconnect(
        std::string_view body, const DecodeContext& context);
[[nodiscard]] Decoded<Auth> decode_auth(std::string_view body, const DecodeContext& context);
/// PINGREQ and PINGRESP have no body.
[[nodiscard]] Decoded<void> decode_ping(std::string_view body);

}  // namespace foz::mqtt
