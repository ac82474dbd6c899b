// SPDX-License-Identifier: Apache-2.0
// PUBLISH, and the packets that acknowledge it.
#include "base/check.h"
#include "mqtt/decoder.h"
#include "mqtt/packet_fields.h"

namespace foz::mqtt {

Decoded<Publish> decode_publish(const Frame& frame, const DecodeContext& context) {
    WireReader reader(frame.body);
    Publish packet;
    packet.dup = (frame.flags & 8U) != 0;
    packet.qos = static_cast<std::uint8_t>((frame.flags >> 1U) & 3U);
    packet.retain = (frame.flags & 1U) != 0;
    packet.topic = read_topic_name(reader, context.limits);
    if (packet.qos != 0) {
        packet.packet_id = read_packet_id(reader);
    }
    packet.properties = read_properties(reader, PropertyOwner::publish, context);
    packet.topic_alias = static_cast<std::uint16_t>(
            packet.properties.number(PropertyId::topic_alias).value_or(0));
    reader.require(!packet.topic.empty() || packet.topic_alias != 0, ReasonCode::protocol_error,
            "[MQTT-4.7.3-1] the topic name is empty, and there is no topic alias");
    packet.payload = reader.take_rest();
    return reader.finish(packet);
}

Decoded<Acknowledgement> decode_acknowledgement(const Frame& frame, const DecodeContext& context) {
    FOZ_CHECK(is_acknowledgement(frame.type));
    WireReader reader(frame.body);
    Acknowledgement packet;
    packet.packet_id = read_packet_id(reader);
    // The reason may be left out when it is success, and the Property Length when it is 0
    // [MQTT5 3.4.2.1].
    if (context.version == ProtocolVersion::v5 && reader.more()) {
        packet.reason = read_reason(reader, frame.type, context.sender);
        if (reader.more()) {
            packet.properties =
                    read_properties(reader, static_cast<PropertyOwner>(frame.type), context);
        }
    }
    return reader.finish(packet);
}

}  // namespace foz::mqtt
