// SPDX-License-Identifier: Apache-2.0
// CONNECT and CONNACK.
#include "mqtt/decoder.h"
#include "mqtt/packet_fields.h"

namespace foz::mqtt {
namespace {

constexpr std::string_view kOldName = "MQIsdp";
constexpr std::string_view kName = "MQTT";

struct ProtocolNameAndLevel {
    std::string_view name;
    std::uint8_t level = 0;
    bool bridge = false;
};

// The highest bit of the level is Mosquitto's private sign of a bridge, in its MQTT 3.
ProtocolNameAndLevel read_protocol(WireReader& reader) {
    constexpr unsigned kBridge = 0x80;
    const std::string_view name = reader.text();
    const unsigned level = reader.u8();
    if (level == (kBridge | 3U) || level == (kBridge | 4U)) {
        return {.name = name, .level = static_cast<std::uint8_t>(level & ~kBridge), .bridge = true};
    }
    return {.name = name, .level = static_cast<std::uint8_t>(level)};
}

std::optional<ProtocolVersion> version_of(const ProtocolNameAndLevel& protocol) {
    if (protocol.name == kOldName && protocol.level == 3) return ProtocolVersion::v3_1;
    if (protocol.name == kName && protocol.level == 4) return ProtocolVersion::v3_1_1;
    if (protocol.name == kName && protocol.level == 5) return ProtocolVersion::v5;
    return std::nullopt;
}

/// The byte of Connect Flags [MQTT5 3.1.2.3].
struct ConnectFlags {
    bool reserved = false;
    bool clean_start = false;
    bool will = false;
    std::uint8_t will_qos = 0;
    bool will_retain = false;
    bool password = false;
    bool user_name = false;
};

ConnectFlags read_connect_flags(WireReader& reader, ProtocolVersion version) {
    const unsigned byte = reader.u8();
    const auto bit = [&](unsigned n) { return ((byte >> n) & 1U) != 0; };
    const ConnectFlags flags{
        .reserved = bit(0),
        .clean_start = bit(1),
        .will = bit(2),
        .will_qos = static_cast<std::uint8_t>((byte >> 3U) & 3U),
        .will_retain = bit(5),
        .password = bit(6),
        .user_name = bit(7),
    };
    using enum ReasonCode;
    // MQTT 3.1 says that unused bits are ignored, and that those of the will are unused without a
    // will.
    if (version == ProtocolVersion::v3_1) {
        reader.require(!flags.will || flags.will_qos != 3, malformed_packet,
                "[MQTT-3.1.2-12] the will has QoS 3");
        return flags;
    }
    reader.require(!flags.reserved, malformed_packet,
            "[MQTT-3.1.2-3] the reserved bit of the Connect Flags is set");
    reader.require(flags.will_qos != 3, malformed_packet, "[MQTT-3.1.2-12] the will has QoS 3");
    reader.require(flags.will || flags.will_qos == 0, malformed_packet,
            "[MQTT-3.1.2-11] the will has a QoS, but there is no will");
    reader.require(flags.will || !flags.will_retain, malformed_packet,
            "[MQTT-3.1.2-13] the will is to be retained, but there is no will");
    reader.require(version == ProtocolVersion::v5 || flags.user_name || !flags.password,
            malformed_packet, "[MQTT-3.1.2-22] a password without a user name, in MQTT 3.1.1");
    return flags;
}

std::string_view read_client_id(
        WireReader& reader, const Connect& packet, const DecodeLimits& limits) {
    const std::string_view id = reader.text();
    reader.require(!id.empty() || packet.version != ProtocolVersion::v3_1,
            ReasonCode::client_identifier_not_valid,
            "[MQTT3.1 3.1] the client identifier is empty, in MQTT 3.1");
    reader.require(!id.empty() || packet.clean_start || packet.version == ProtocolVersion::v5,
            ReasonCode::client_identifier_not_valid,
            "[MQTT-3.1.3-8] the client identifier is empty, but the session is to be kept, in MQTT "
            "3.1.1");
    reader.require_within("client_id_bytes", limits.client_id_bytes, id.size(),
            ReasonCode::client_identifier_not_valid,
            "the client identifier is longer than is allowed here");
    return id;
}

Will read_will(WireReader& reader, const ConnectFlags& flags, const DecodeContext& context) {
    Will will;
    will.qos = flags.will_qos;
    will.retain = flags.will_retain;
    will.properties = read_properties(reader, PropertyOwner::will, context);
    will.topic = read_topic_name(reader, context.limits);
    reader.require(!will.topic.empty(), ReasonCode::topic_name_invalid,
            "[MQTT-4.7.3-1] the will's topic is empty");
    will.payload = reader.binary();
    return will;
}

/// MQTT 3.1 lets clients set the flags of user name and password and then leave the fields out.
bool is_left_out(const WireReader& reader, ProtocolVersion version) {
    return version == ProtocolVersion::v3_1 && !reader.more();
}

}  // namespace

Decoded<Connect> decode_connect(std::string_view body, const DecodeLimits& limits) {
    WireReader reader(body);
    const ProtocolNameAndLevel protocol = read_protocol(reader);
    const std::optional<ProtocolVersion> version = version_of(protocol);
    if (!version) {
        reader.fail(ReasonCode::unsupported_protocol_version,
                "[MQTT-3.1.2-2] neither MQTT 3.1 nor 3.1.1 nor 5.0");
        return std::unexpected(reader.error());
    }
    const DecodeContext context{.version = *version, .sender = Sender::client, .limits = limits};

    Connect packet;
    packet.version = *version;
    packet.bridge = protocol.bridge;
    const ConnectFlags flags = read_connect_flags(reader, *version);
    packet.clean_start = flags.clean_start;
    packet.keep_alive_seconds = reader.u16();
    packet.properties = read_properties(reader, PropertyOwner::connect, context);
    packet.client_id = read_client_id(reader, packet, limits);
    if (flags.will) {
        packet.will = read_will(reader, flags, context);
    }
    if (flags.user_name && !is_left_out(reader, *version)) {
        packet.user_name = reader.text();
    }
    if (flags.password && !is_left_out(reader, *version)) {
        packet.password = reader.binary();
    }
    return reader.finish(packet);
}

std::optional<ProtocolVersion> version_to_refuse_in(std::string_view connect_body) {
    WireReader reader(connect_body);
    const ProtocolNameAndLevel protocol = read_protocol(reader);
    if (!reader.ok() || (protocol.name != kName && protocol.name != kOldName)) return std::nullopt;
    return protocol.name == kName && protocol.level >= 5 ? ProtocolVersion::v5
                                                         : ProtocolVersion::v3_1_1;
}

namespace {

ReasonCode read_return_code(WireReader& reader) {
    const std::optional<ReasonCode> reason = reason_from_return_code(reader.u8());
    reader.require(reason.has_value(), ReasonCode::protocol_error,
            "[MQTT 3.1.1, 3.2.2.3] the CONNACK's return code is over 5");
    return reason.value_or(ReasonCode::unspecified_error);
}

}  // namespace

Decoded<Connack> decode_connack(std::string_view body, const DecodeContext& context) {
    WireReader reader(body);
    const std::uint8_t flags = reader.u8();
    // MQTT 3.1 has no session present flag, and does not say what is in its place.
    const bool has_flags = context.version != ProtocolVersion::v3_1;
    reader.require(!has_flags || flags <= 1, ReasonCode::malformed_packet,
            "[MQTT-3.2.2-1] reserved bits of the CONNACK's flags are set");
    Connack packet;
    packet.session_present = has_flags && (flags & 1U) != 0;
    // A server that does not know MQTT 5 refuses it with the CONNACK of MQTT 3.1.1, which is two
    // bytes.
    if (context.version != ProtocolVersion::v5 || body.size() == 2) {
        packet.reason = read_return_code(reader);
        reader.require(
                context.version != ProtocolVersion::v5 || packet.reason != ReasonCode::success,
                ReasonCode::malformed_packet, "[MQTT5 3.2.2.3] the CONNACK has no Property Length");
    } else {
        packet.reason = read_reason(reader, PacketType::connack, Sender::server);
        packet.properties = read_properties(reader, PropertyOwner::connack, context);
    }
    reader.require(packet.reason == ReasonCode::success || !packet.session_present,
            ReasonCode::protocol_error,
            "[MQTT-3.2.2-6] the connection is refused, but a session is said to be present");
    return reader.finish(packet);
}

}  // namespace foz::mqtt
