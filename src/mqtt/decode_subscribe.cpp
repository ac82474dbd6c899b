// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE, UNSUBSCRIBE, and what answers them.
#include <utility>

#include "mqtt/decoder.h"
#include "mqtt/packet_fields.h"

namespace foz::mqtt {
namespace {

/// The byte of Subscription Options [MQTT5 3.8.3.1]; in MQTT 3 it has the QoS only.
void read_options(WireReader& reader, Subscription& subscription, ProtocolVersion version) {
    using enum ReasonCode;
    const unsigned byte = reader.u8();
    subscription.qos = static_cast<std::uint8_t>(byte & 3U);
    reader.require(
            subscription.qos != 3, malformed_packet, "[MQTT-3.8.3-4] a subscription has QoS 3");
    if (version == ProtocolVersion::v3_1) return;
    const unsigned reserved = version == ProtocolVersion::v5 ? 0xC0U : 0xFCU;
    reader.require((byte & reserved) == 0, malformed_packet,
            "[MQTT-3.8.3-5] reserved bits of the subscription options are set");
    if (version == ProtocolVersion::v3_1_1) return;
    subscription.no_local = (byte & 4U) != 0;
    subscription.retain_as_published = (byte & 8U) != 0;
    subscription.retain_handling = static_cast<std::uint8_t>((byte >> 4U) & 3U);
    reader.require(subscription.retain_handling != 3, protocol_error,
            "[MQTT5 3.8.3.1] a subscription has the retain handling 3");
    reader.require(!subscription.no_local || !subscription.filter.starts_with("$share/"),
            protocol_error, "[MQTT-3.8.3-4] a shared subscription has no local set");
}

/// One reason for each byte that is left, of which there must be one at least.
std::vector<ReasonCode> read_reasons(WireReader& reader, PacketType type, ProtocolVersion version) {
    std::vector<ReasonCode> reasons;
    reasons.reserve(reader.left());
    while (reader.more()) {
        const ReasonCode reason = read_reason(reader, type, Sender::server);
        reader.require(version == ProtocolVersion::v5 || reason <= ReasonCode::unspecified_error,
                ReasonCode::protocol_error,
                "[MQTT-3.9.3-2] a SUBACK return code of MQTT 3 is reserved");
        reasons.push_back(reason);
    }
    reader.require(
            !reasons.empty(), ReasonCode::protocol_error, "[MQTT-3.9.3-1] there is no reason code");
    return reasons;
}

void check_count(WireReader& reader, std::size_t count, const DecodeLimits& limits) {
    reader.require_within("subscriptions", limits.subscriptions, count, ReasonCode::quota_exceeded,
            "the packet has more topic filters than are allowed here");
}

}  // namespace

Decoded<Subscribe> decode_subscribe(std::string_view body, const DecodeContext& context) {
    WireReader reader(body);
    Subscribe packet;
    packet.packet_id = read_packet_id(reader);
    packet.properties = read_properties(reader, PropertyOwner::subscribe, context);
    while (reader.more()) {
        Subscription subscription{.filter = read_topic_filter(reader, context.limits)};
        read_options(reader, subscription, context.version);
        packet.subscriptions.push_back(subscription);
        check_count(reader, packet.subscriptions.size(), context.limits);
    }
    reader.require(!packet.subscriptions.empty(), ReasonCode::protocol_error,
            "[MQTT-3.8.3-2] the SUBSCRIBE has no topic filter");
    return reader.finish(std::move(packet));
}

Decoded<Suback> decode_suback(std::string_view body, const DecodeContext& context) {
    WireReader reader(body);
    Suback packet;
    packet.packet_id = read_packet_id(reader);
    packet.properties = read_properties(reader, PropertyOwner::suback, context);
    packet.reasons = read_reasons(reader, PacketType::suback, context.version);
    return reader.finish(std::move(packet));
}

Decoded<Unsubscribe> decode_unsubscribe(std::string_view body, const DecodeContext& context) {
    WireReader reader(body);
    Unsubscribe packet;
    packet.packet_id = read_packet_id(reader);
    packet.properties = read_properties(reader, PropertyOwner::unsubscribe, context);
    while (reader.more()) {
        packet.filters.push_back(read_topic_filter(reader, context.limits));
        check_count(reader, packet.filters.size(), context.limits);
    }
    reader.require(!packet.filters.empty(), ReasonCode::protocol_error,
            "[MQTT-3.10.3-2] the UNSUBSCRIBE has no topic filter");
    return reader.finish(std::move(packet));
}

Decoded<Unsuback> decode_unsuback(std::string_view body, const DecodeContext& context) {
    WireReader reader(body);
    Unsuback packet;
    packet.packet_id = read_packet_id(reader);
    if (context.version == ProtocolVersion::v5) {
        packet.properties = read_properties(reader, PropertyOwner::unsuback, context);
        packet.reasons = read_reasons(reader, PacketType::unsuback, context.version);
    }
    return reader.finish(std::move(packet));
}

}  // namespace foz::mqtt
