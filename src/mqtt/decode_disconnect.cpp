// SPDX-License-Identifier: Apache-2.0
// DISCONNECT, AUTH, PINGREQ and PINGRESP.
#include "mqtt/decoder.h"
#include "mqtt/packet_fields.h"

namespace foz::mqtt {

Decoded<Disconnect> decode_disconnect(std::string_view body, const DecodeContext& context) {
    WireReader reader(body);
    Disconnect packet;
    // The reason may be left out when it is 0, and the Property Length when it is 0
    // [MQTT5 3.14.2.1].
    if (context.version == ProtocolVersion::v5 && reader.more()) {
        packet.reason = read_reason(reader, PacketType::disconnect, context.sender);
        if (reader.more()) {
            packet.properties = read_properties(reader, PropertyOwner::disconnect, context);
        }
    }
    return reader.finish(packet);
}

Decoded<Auth> decode_auth(std::string_view body, const DecodeContext& context) {
    WireReader reader(body);
    Auth packet;
    // An empty AUTH means success [MQTT5 3.15.2.1], which only a server says.
    if (reader.more() || context.sender == Sender::client) {
        packet.reason = read_reason(reader, PacketType::auth, context.sender);
        packet.properties = read_properties(reader, PropertyOwner::auth, context);
        reader.require(packet.properties.has(PropertyId::authentication_method),
                ReasonCode::protocol_error,
                "[MQTT5 3.15.2.2.2] the AUTH has no authentication method");
    }
    return reader.finish(packet);
}

Decoded<void> decode_ping(std::string_view body) {
    if (body.empty()) return {};
    return std::unexpected(DecodeError{ReasonCode::malformed_packet,
        "[MQTT5 3.12.1] a PINGREQ or PINGRESP has bytes after its header"});
}

}  // namespace foz::mqtt
