// SPDX-License-Identifier: Apache-2.0
#include "mqtt/packet_fields.h"

#include <algorithm>
#include <initializer_list>
#include <span>

#include "mqtt/text_scan.h"
#include "mqtt/topic.h"

namespace foz::mqtt {
namespace {

using enum ReasonCode;

constexpr ReasonCode kConnack[] = {success, unspecified_error, malformed_packet, protocol_error,
    implementation_specific_error, unsupported_protocol_version, client_identifier_not_valid,
    bad_user_name_or_password, not_authorized, server_unavailable, server_busy, banned,
    bad_authentication_method, topic_name_invalid, packet_too_large, quota_exceeded,
    payload_format_invalid, retain_not_supported, qos_not_supported, use_another_server,
    server_moved, connection_rate_exceeded};
constexpr ReasonCode kPuback[] = {success, no_matching_subscribers, unspecified_error,
    implementation_specific_error, not_authorized, topic_name_invalid, packet_identifier_in_use,
    quota_exceeded, payload_format_invalid};
constexpr ReasonCode kPubrel[] = {success, packet_identifier_not_found};
constexpr ReasonCode kSuback[] = {success, granted_qos_1, granted_qos_2, unspecified_error,
    implementation_specific_error, not_authorized, topic_filter_invalid, packet_identifier_in_use,
    quota_exceeded, shared_subscriptions_not_supported, subscription_identifiers_not_supported,
    wildcard_subscriptions_not_supported};
constexpr ReasonCode kUnsuback[] = {success, no_subscription_existed, unspecified_error,
    implementation_specific_error, not_authorized, topic_filter_invalid, packet_identifier_in_use};
constexpr ReasonCode kClientDisconnect[] = {success, disconnect_with_will, unspecified_error,
    malformed_packet, protocol_error, implementation_specific_error, topic_name_invalid,
    receive_maximum_exceeded, topic_alias_invalid, packet_too_large, message_rate_too_high,
    quota_exceeded, administrative_action, payload_format_invalid};
constexpr ReasonCode kServerDisconnect[] = {success, unspecified_error, malformed_packet,
    protocol_error, implementation_specific_error, not_authorized, server_busy,
    server_shutting_down, keep_alive_timeout, session_taken_over, topic_filter_invalid,
    topic_name_invalid, receive_maximum_exceeded, topic_alias_invalid, packet_too_large,
    message_rate_too_high, quota_exceeded, administrative_action, payload_format_invalid,
    retain_not_supported, qos_not_supported, use_another_server, server_moved,
    shared_subscriptions_not_supported, connection_rate_exceeded, maximum_connect_time,
    subscription_identifiers_not_supported, wildcard_subscriptions_not_supported};
constexpr ReasonCode kClientAuth[] = {continue_authentication, reauthenticate};
constexpr ReasonCode kServerAuth[] = {success, continue_authentication};

/// The tables "Reason Code values" of sections 3.2 to 3.15.
std::span<const ReasonCode> reasons_of(PacketType type, Sender sender) {
    const bool from_client = sender == Sender::client;
    switch (type) {
        case PacketType::connack: return kConnack;
        case PacketType::puback:
        case PacketType::pubrec: return kPuback;
        case PacketType::pubrel:
        case PacketType::pubcomp: return kPubrel;
        case PacketType::suback: return kSuback;
        case PacketType::unsuback: return kUnsuback;
        case PacketType::disconnect:
            return from_client ? std::span<const ReasonCode>(kClientDisconnect) : kServerDisconnect;
        case PacketType::auth:
            return from_client ? std::span<const ReasonCode>(kClientAuth) : kServerAuth;
        default: return {};
    }
}

}  // namespace

Properties read_properties(WireReader& reader, PropertyOwner owner, const DecodeContext& context) {
    if (context.version != ProtocolVersion::v5) return {};
    const std::string_view bytes = reader.take(reader.variable());
    if (bytes.empty()) return {};
    const Decoded<Properties> properties = validate_properties(
            bytes, {
                       .owner = owner,
                       .sender = context.sender,
                       .user_properties_max = context.limits.user_properties,
                       .user_properties_bytes_max = context.limits.user_properties_bytes,
                   });
    if (!properties) {
        reader.fail(properties.error());
        return {};
    }
    return *properties;
}

std::string_view read_topic_name(WireReader& reader, const DecodeLimits& limits) {
    const std::string_view name = reader.binary();
    const TextScan scan = scan_text(name);
    reader.require(!scan.nul && (scan.ascii || is_valid_text(name)), ReasonCode::malformed_packet,
            "[MQTT-3.3.2-1] the topic name is not valid UTF-8, or has U+0000 in it");
    reader.require(!scan.wildcard, ReasonCode::topic_name_invalid,
            "[MQTT-3.3.2-2] the topic name has a wildcard in it");
    reader.require_within("topic_bytes", limits.topic_bytes, name.size(),
            ReasonCode::topic_name_invalid, "the topic name is longer than is allowed here");
    reader.require_within("topic_levels", limits.topic_levels, scan.separators + std::uint64_t{1},
            ReasonCode::topic_name_invalid, "the topic name has more levels than are allowed here");
    return name;
}

std::string_view read_topic_filter(WireReader& reader, const DecodeLimits& limits) {
    const std::string_view filter = reader.text();
    reader.require(is_valid_topic_filter(filter), ReasonCode::topic_filter_invalid,
            "[MQTT-4.7] the topic filter is empty, or has a wildcard or a share name where it "
            "cannot be");
    reader.require_within("topic_bytes", limits.topic_bytes, filter.size(),
            ReasonCode::topic_filter_invalid, "the topic filter is longer than is allowed here");
    reader.require_within("topic_levels", limits.topic_levels, topic_levels(filter),
            ReasonCode::topic_filter_invalid,
            "the topic filter has more levels than are allowed here");
    return filter;
}

std::uint16_t read_packet_id(WireReader& reader) {
    const std::uint16_t id = reader.u16();
    reader.require(
            id != 0, ReasonCode::protocol_error, "[MQTT-2.2.1-3] the packet identifier is 0");
    return id;
}

ReasonCode read_reason(WireReader& reader, PacketType type, Sender sender) {
    const auto reason = static_cast<ReasonCode>(reader.u8());
    const std::span<const ReasonCode> allowed = reasons_of(type, sender);
    reader.require(std::ranges::find(allowed, reason) != allowed.end(), ReasonCode::protocol_error,
            "[MQTT5 2.4] a reason code that this packet cannot have");
    return reason;
}

}  // namespace foz::mqtt
