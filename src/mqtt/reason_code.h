// SPDX-License-Identifier: Apache-2.0
// The reason codes of MQTT 5 [MQTT5 2.4], which foz also uses inside for 3.1 and 3.1.1, and what
// becomes of them on the wire of those versions. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

namespace foz::mqtt {

/// 0x80 and above are failures. 0x00 is also "normal disconnection" and "granted QoS 0".
enum class ReasonCode : std::uint8_t {
    success = 0x00,
    granted_qos_1 = 0x01,
    granted_qos_2 = 0x02,
    disconnect_with_will = 0x04,
    no_matching_subscribers = 0x10,
    no_subscription_existed = 0x11,
    continue_authentication = 0x18,
    reauthenticate = 0x19,
    unspecified_error = 0x80,
    malformed_packet = 0x81,
    protocol_error = 0x82,
    implementation_specific_error = 0x83,
    unsupported_protocol_version = 0x84,
    client_identifier_not_valid = 0x85,
    bad_user_name_or_password = 0x86,
    not_authorized = 0x87,
    server_unavailable = 0x88,
    server_busy = 0x89,
    banned = 0x8A,
    server_shutting_down = 0x8B,
    bad_authentication_method = 0x8C,
    keep_alive_timeout = 0x8D,
    session_taken_over = 0x8E,
    topic_filter_invalid = 0x8F,
    topic_name_invalid = 0x90,
    packet_identifier_in_use = 0x91,
    packet_identifier_not_found = 0x92,
    receive_maximum_exceeded = 0x93,
    topic_alias_invalid = 0x94,
    packet_too_large = 0x95,
    message_rate_too_high = 0x96,
    quota_exceeded = 0x97,
    administrative_action = 0x98,
    payload_format_invalid = 0x99,
    retain_not_supported = 0x9A,
    qos_not_supported = 0x9B,
    use_another_server = 0x9C,
    server_moved = 0x9D,
    shared_subscriptions_not_supported = 0x9E,
    connection_rate_exceeded = 0x9F,
    maximum_connect_time = 0xA0,
    subscription_identifiers_not_supported = 0xA1,
    wildcard_subscriptions_not_supported = 0xA2,
};

[[nodiscard]] constexpr bool is_failure(ReasonCode reason) {
    return static_cast<std::uint8_t>(reason) >= 0x80;
}

/// The specification's name for it, in lower case: "packet too large"; "unknown reason code" for a
/// number that the specification does not define.
[[nodiscard]] std::string_view reason_text(ReasonCode reason);

/// The CONNACK return code of MQTT 3.1 and 3.1.1 (0 to 5) that says the same; nothing when there is
/// none: then the connection is to be closed without a CONNACK [MQTT-3.1.4-1].
[[nodiscard]] std::optional<std::uint8_t> connack_return_code(ReasonCode reason);

/// The reason for a CONNACK return code of MQTT 3.1 and 3.1.1; nothing above 5.
[[nodiscard]] std::optional<ReasonCode> reason_from_return_code(std::uint8_t return_code);

/// Why bytes are not a packet, or not one that is acceptable. The message is a literal (nothing is
/// allocated, nothing of the input is repeated), for a person, and cites the statement:
/// "[MQTT-2.1.3-1] ...".
struct [[nodiscard]] DecodeError {
    /// A cap that the packet is over; `name` is that of DecodeLimits, or "packet_bytes". Without
    /// one, the name is empty.
    struct Exceeded {
        std::string_view name;
        std::uint64_t limit = 0;
        std::uint64_t found = 0;
    };

    ReasonCode reason = ReasonCode::malformed_packet;
    std::string_view message;
    Exceeded exceeded = {};
};

template <class T>
using Decoded = std::expected<T, DecodeError>;

}  // namespace foz::mqtt
