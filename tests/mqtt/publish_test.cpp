// SPDX-License-Identifier: Apache-2.0
// PUBLISH, PUBACK, PUBREC, PUBREL and PUBCOMP.
#include "mqtt/decoder.h"
#include "mqtt/encoder.h"
#include "tests/mqtt/refusal.h"

namespace foz::mqtt {
namespace {

using enum ReasonCode;

TEST(Publish, at_qos_0_has_a_topic_and_a_payload) {
    const std::string bytes = packet(0x31, wire("<esp32/pub> '{}'"));
    const Publish publish = expect_decoded(decode_publish(frame_of(bytes), {.version = v3_1_1}));
    EXPECT_EQ(publish.topic, "esp32/pub");
    EXPECT_EQ(publish.payload, "{}");
    EXPECT_EQ(publish.qos, 0);
    EXPECT_EQ(publish.packet_id, 0);
    EXPECT_TRUE(publish.retain);
    EXPECT_FALSE(publish.dup);
}

TEST(Publish, above_qos_0_has_a_packet_identifier) {
    for (const auto version : {v3_1, v3_1_1}) {
        const std::string bytes = packet(0x3A, wire("<a/b> FFFE"));
        const Publish publish =
                expect_decoded(decode_publish(frame_of(bytes, version), {.version = version}));
        EXPECT_EQ(publish.qos, 1);
        EXPECT_EQ(publish.packet_id, 0xFFFE);
        EXPECT_TRUE(publish.dup);
        EXPECT_FALSE(publish.retain);
        EXPECT_TRUE(publish.payload.empty());
    }
}

TEST(Publish, of_mqtt_5_has_properties) {
    const std::string bytes = packet(0x34, wire("<a> 0007 [01 01 02 0000003C 23 0003 08 <re> 09 "
                                                "<id> 26 <k> <v> 26 <k> <v> 03 <json>] 'x'"));
    const Publish publish = expect_decoded(decode_publish(frame_of(bytes), {.version = v5}));
    EXPECT_EQ(publish.qos, 2);
    EXPECT_EQ(publish.packet_id, 7);
    EXPECT_EQ(publish.topic_alias, 3);
    EXPECT_EQ(publish.payload, "x");
    EXPECT_EQ(publish.properties.number(PropertyId::payload_format_indicator), 1);
    EXPECT_EQ(publish.properties.number(PropertyId::message_expiry_interval), 60);
    EXPECT_EQ(publish.properties.text(PropertyId::response_topic), "re");
    EXPECT_EQ(publish.properties.text(PropertyId::correlation_data), "id");
    EXPECT_EQ(publish.properties.text(PropertyId::content_type), "json");
    EXPECT_EQ(publish.properties.user_properties(), 2);
}

TEST(Publish, may_leave_the_topic_out_when_it_has_an_alias) {
    const std::string bytes = packet(0x30, wire("<> [23 FFFF]"));
    const Publish publish = expect_decoded(decode_publish(frame_of(bytes), {.version = v5}));
    EXPECT_TRUE(publish.topic.empty());
    EXPECT_EQ(publish.topic_alias, 0xFFFF);
}

TEST(Publish, from_a_server_may_have_several_subscription_identifiers) {
    const std::string bytes = packet(0x30, wire("<a> [0B 01 0B FFFFFF7F]"));
    const Publish publish = expect_decoded(
            decode_publish(frame_of(bytes), {.version = v5, .sender = Sender::server}));
    std::vector<std::uint32_t> identifiers;
    publish.properties.for_each(
            [&](const Property& property) { identifiers.push_back(property.number); });
    EXPECT_EQ(identifiers, (std::vector<std::uint32_t>{1, 268'435'455}));
}

TEST(Publish, that_breaks_a_rule_is_refused) {
    const Refusal rows[] = {
        {"no topic", v3_1_1, "", malformed_packet, "inside a field"},
        {"half a topic length", v3_1_1, "00", malformed_packet, "inside a field"},
        {"topic longer than the packet", v3_1_1, "0005 'abcd'", malformed_packet, "inside a field"},
        {"empty topic", v3_1_1, "<> 0001", protocol_error, "[MQTT-4.7.3-1]"},
        {"empty topic in 3.1", v3_1, "<> 0001", protocol_error, "[MQTT-4.7.3-1]"},
        {"empty topic without an alias", v5, "<> 0001 []", protocol_error, "[MQTT-4.7.3-1]"},
        {"+ in the topic", v3_1_1, "<a/+> 0001", topic_name_invalid, "[MQTT-3.3.2-2]"},
        {"# in the topic", v5, "<#> 0001 []", topic_name_invalid, "[MQTT-3.3.2-2]"},
        {"# inside a long topic", v5, "<sites/north#1/device/climate> 0001 []", topic_name_invalid,
            "[MQTT-3.3.2-2]"},
        {"U+0000 in the topic", v3_1_1, "0003 'a' 00 'b' 0001", malformed_packet, "[MQTT-3.3.2-1]"},
        {"an overlong form", v3_1_1, "0002 C080 0001", malformed_packet, "[MQTT-3.3.2-1]"},
        {"a surrogate in the topic", v3_1_1, "0003 EDA080 0001", malformed_packet,
            "[MQTT-3.3.2-1]"},
        {"no packet identifier", v3_1_1, "<a>", malformed_packet, "inside a field"},
        {"half a packet identifier", v3_1_1, "<a> 00", malformed_packet, "inside a field"},
        {"packet identifier 0", v3_1_1, "<a> 0000", protocol_error, "[MQTT-2.2.1-3]"},
        {"packet identifier 0 in 5", v5, "<a> 0000 []", protocol_error, "[MQTT-2.2.1-3]"},
        {"no Property Length", v5, "<a> 0001", malformed_packet, "inside a field"},
        {"Property Length of five bytes", v5, "<a> 0001 8080808001", malformed_packet,
            "over four bytes"},
        {"Property Length over the packet", v5, "<a> 0001 05 01 00", malformed_packet,
            "inside a field"},
        {"topic alias 0", v5, "<a> 0001 [23 0000]", topic_alias_invalid, "[MQTT-3.3.2-8]"},
        {"topic alias twice", v5, "<a> 0001 [23 0001 23 0001]", protocol_error, "twice"},
        {"half a topic alias", v5, "<a> 0001 [23 00]", malformed_packet, "inside a field"},
        {"payload format 2", v5, "<a> 0001 [01 02]", protocol_error, "out of its range"},
        {"response topic with a wildcard", v5, "<a> 0001 [08 <a/#>]", protocol_error,
            "[MQTT-3.3.2-14]"},
        {"empty response topic", v5, "<a> 0001 [08 <>]", protocol_error, "[MQTT-3.3.2-14]"},
        {"subscription identifier", v5, "<a> 0001 [0B 01]", protocol_error, "[MQTT-3.3.4-6]"},
        {"a property of CONNECT", v5, "<a> 0001 [11 00000001]", malformed_packet, "cannot have"},
        {"a property that does not exist", v5, "<a> 0001 [04 00]", malformed_packet,
            "no property has that"},
        {"a property identifier of two bytes", v5, "<a> 0001 [81 00]", malformed_packet,
            "no property has that"},
        {"user property without a value", v5, "<a> 0001 [26 <k>]", malformed_packet,
            "inside a field"},
        {"user property not UTF-8", v5, "<a> 0001 [26 <k> 0001 FF]", malformed_packet,
            "[MQTT-1.5.4-1]"},
        {"content type with U+0000", v5, "<a> 0001 [03 0001 00]", malformed_packet,
            "[MQTT-1.5.4-1]"},
    };
    expect_refusals(rows, [](std::string_view body, ProtocolVersion version) {
        const std::string bytes = packet(0x32, body);
        return decode_publish(frame_of(bytes, version), {.version = version});
    });
}

TEST(Publish, that_exceeds_a_limit_is_refused) {
    const DecodeLimits limits{.topic_bytes = 10,
        .topic_levels = 3,
        .client_id_bytes = 0,
        .user_properties = 1,
        .user_properties_bytes = 4,
        .subscriptions = 0};
    const auto decode = [&](std::string_view body, ProtocolVersion version) {
        const std::string bytes = packet(0x30, body);
        return decode_publish(frame_of(bytes, version), {version, Sender::client, limits});
    };
    EXPECT_TRUE(decode(wire("<12/456/890> [26 <ab> <cd>]"), v5));
    const Refusal rows[] = {
        {"length of the topic", v3_1_1, "<12345678901>", topic_name_invalid, "longer"},
        {"levels of the topic", v3_1_1, "<a/b/c/>", topic_name_invalid, "levels"},
        {"number of user properties", v5, "<a> [26 <> <> 26 <> <>]", quota_exceeded, "more"},
        {"size of user properties", v5, "<a> [26 <abc> <de>]", quota_exceeded, "larger"},
    };
    expect_refusals(rows, decode);
}

TEST(Publish, is_encoded_for_each_version) {
    PropertyWriter properties;
    properties.add(PropertyId::topic_alias, 1);
    Publish publish;
    publish.topic = "a/b";
    publish.payload = "23.5";
    publish.properties = properties.properties();
    std::string bytes = "before ";
    append_publish(bytes, publish, v3_1_1);
    publish.qos = 2;
    publish.packet_id = 513;
    publish.retain = true;
    publish.dup = true;
    append_publish(bytes, publish, v3_1);
    append_publish(bytes, publish, v5);
    EXPECT_EQ(hex(bytes), hex(wire("'before ' 30 09 <a/b> '23.5'  3D 0B <a/b> 0201 '23.5'3D 0F "
                                   "<a/b> 0201 [23 0001] '23.5'")));
}

TEST(Publish, keeps_the_properties_of_the_message_and_drops_those_of_the_connection) {
    const std::string bytes = packet(0x30, wire("<a> [01 01 23 0003 26 <k> <v> 0B 07 03 <json>]"));
    const Publish publish = expect_decoded(
            decode_publish(frame_of(bytes), {.version = v5, .sender = Sender::server}));
    std::string kept = "before ";
    publish.properties.append_message_properties(kept);
    EXPECT_EQ(hex(kept), hex(wire("'before ' 01 01 26 <k> <v> 03 <json>")));
}

TEST(Acknowledgement, of_success_is_four_bytes_in_every_version) {
    std::string bytes;
    for (const auto type :
            {PacketType::puback, PacketType::pubrec, PacketType::pubrel, PacketType::pubcomp}) {
        append_acknowledgement(bytes, type, 0x1234);
    }
    EXPECT_EQ(hex(bytes), hex(wire("40 02 1234  50 02 1234  62 02 1234  70 02 1234")));

    std::string the_long_way;
    for (const auto version : {v3_1, v3_1_1, v5}) {
        Acknowledgement packet;
        packet.packet_id = 0x1234;
        append_acknowledgement(the_long_way, PacketType::pubrel, packet, version);
    }
    EXPECT_EQ(hex(the_long_way), hex(wire("62 02 1234  62 02 1234  62 02 1234")));
}

TEST(Acknowledgement, of_mqtt_5_may_have_a_reason_and_properties) {
    const std::string short_form = wire("50 02 0001");
    const std::string with_reason = wire("50 03 0001 97");
    const std::string with_length = wire("50 04 0001 10 []");
    const std::string whole = packet(0x50, wire("0001 80 [1F <no> 26 <> <>]"));
    const DecodeContext context{.version = v5};
    EXPECT_EQ(
            expect_decoded(decode_acknowledgement(frame_of(short_form), context)).reason, success);
    EXPECT_EQ(expect_decoded(decode_acknowledgement(frame_of(with_reason), context)).reason,
            quota_exceeded);
    EXPECT_EQ(expect_decoded(decode_acknowledgement(frame_of(with_length), context)).reason,
            no_matching_subscribers);
    const auto packet = expect_decoded(decode_acknowledgement(frame_of(whole), context));
    EXPECT_EQ(packet.packet_id, 1);
    EXPECT_EQ(packet.properties.text(PropertyId::reason_string), "no");

    std::string bytes;
    append_acknowledgement(bytes, PacketType::pubrec, packet, v5);
    EXPECT_EQ(hex(bytes), hex(whole));
    bytes.clear();
    append_acknowledgement(bytes, PacketType::pubrec, packet, v3_1_1);
    EXPECT_EQ(hex(bytes), hex(wire("50 02 0001")));
}

TEST(Acknowledgement, that_breaks_a_rule_is_refused) {
    for (const unsigned first : {0x40U, 0x50U, 0x62U, 0x70U}) {
        SCOPED_TRACE(packet_name(static_cast<PacketType>(first >> 4U)));
        const bool of_release = first >= 0x60;
        const Refusal rows[] = {
            {"empty", v3_1_1, "", malformed_packet, "inside a field"},
            {"half a packet identifier", v5, "00", malformed_packet, "inside a field"},
            {"packet identifier 0", v3_1_1, "0000", protocol_error, "[MQTT-2.2.1-3]"},
            {"a reason in 3.1.1", v3_1_1, "0001 00", malformed_packet, "after its last field"},
            {"a reason in 3.1", v3_1, "0001 00", malformed_packet, "after its last field"},
            {"a reason of the other kind", v5, of_release ? "0001 10" : "0001 92", protocol_error,
                "[MQTT5 2.4]"},
            {"a reason of CONNACK", v5, "0001 84", protocol_error, "[MQTT5 2.4]"},
            {"an undefined reason", v5, "0001 FF", protocol_error, "[MQTT5 2.4]"},
            {"properties longer than the packet", v5, "0001 00 01", malformed_packet,
                "inside a field"},
            {"a property of PUBLISH", v5, "0001 00 [01 00]", malformed_packet, "cannot have"},
            {"reason string twice", v5, "0001 00 [1F <> 1F <>]", protocol_error, "twice"},
            {"bytes at the end", v5, "0001 00 [] 00", malformed_packet, "after its last field"},
        };
        expect_refusals(rows, [&](std::string_view body, ProtocolVersion version) {
            const std::string bytes = packet(first, body);
            return decode_acknowledgement(frame_of(bytes, version), {.version = version});
        });
    }
}

}  // namespace
}  // namespace foz::mqtt
