// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK.
#include "mqtt/decoder.h"
#include "mqtt/encoder.h"
#include "tests/mqtt/refusal.h"

namespace foz::mqtt {
namespace {

using enum ReasonCode;

constexpr DecodeContext from_server(ProtocolVersion version) {
    return {.version = version, .sender = Sender::server};
}

TEST(Subscribe, has_topic_filters_with_a_qos_each) {
    for (const auto version : {v3_1, v3_1_1}) {
        const std::string body = wire("000A <a/b> 01 <c/#> 02 <+> 00");
        const Subscribe packet = expect_decoded(decode_subscribe(body, {.version = version}));
        EXPECT_EQ(packet.packet_id, 10);
        ASSERT_EQ(packet.subscriptions.size(), 3);
        EXPECT_EQ(packet.subscriptions[0].filter, "a/b");
        EXPECT_EQ(packet.subscriptions[0].qos, 1);
        EXPECT_EQ(packet.subscriptions[1].filter, "c/#");
        EXPECT_EQ(packet.subscriptions[1].qos, 2);
        EXPECT_EQ(packet.subscriptions[2].qos, 0);
    }
}

TEST(Subscribe, of_mqtt_5_has_options_and_an_identifier) {
    const std::string body = wire("0001 [0B 8001 26 <k> <v>] <a> 2E <$share/group/b/+> 19");
    const Subscribe packet = expect_decoded(decode_subscribe(body, {.version = v5}));
    EXPECT_EQ(packet.properties.number(PropertyId::subscription_identifier), 128);
    ASSERT_EQ(packet.subscriptions.size(), 2);
    EXPECT_EQ(packet.subscriptions[0].qos, 2);
    EXPECT_TRUE(packet.subscriptions[0].no_local);
    EXPECT_TRUE(packet.subscriptions[0].retain_as_published);
    EXPECT_EQ(packet.subscriptions[0].retain_handling, 2);
    EXPECT_EQ(packet.subscriptions[1].filter, "$share/group/b/+");
    EXPECT_EQ(packet.subscriptions[1].qos, 1);
    EXPECT_FALSE(packet.subscriptions[1].no_local);
    EXPECT_EQ(packet.subscriptions[1].retain_handling, 1);
}

TEST(Subscribe, that_breaks_a_rule_is_refused) {
    const Refusal rows[] = {
        {"empty", v3_1_1, "", malformed_packet, "inside a field"},
        {"packet identifier 0", v3_1_1, "0000 <a> 00", protocol_error, "[MQTT-2.2.1-3]"},
        {"no filter", v3_1_1, "0001", protocol_error, "[MQTT-3.8.3-2]"},
        {"no filter in 5", v5, "0001 []", protocol_error, "[MQTT-3.8.3-2]"},
        {"filter without options", v3_1_1, "0001 <a>", malformed_packet, "inside a field"},
        {"second filter without options", v3_1_1, "0001 <a> 00 <b>", malformed_packet,
            "inside a field"},
        {"QoS 3", v3_1_1, "0001 <a> 03", malformed_packet, "QoS 3"},
        {"QoS 3 in 3.1", v3_1, "0001 <a> 03", malformed_packet, "QoS 3"},
        {"QoS 3 in 5", v5, "0001 [] <a> 03", malformed_packet, "QoS 3"},
        {"reserved bits", v3_1_1, "0001 <a> 04", malformed_packet, "[MQTT-3.8.3-5]"},
        {"reserved bits in 5", v5, "0001 [] <a> 40", malformed_packet, "[MQTT-3.8.3-5]"},
        {"retain handling 3", v5, "0001 [] <a> 30", protocol_error, "retain handling 3"},
        {"no local on a shared subscription", v5, "0001 [] <$share/g/a> 04", protocol_error,
            "[MQTT-3.8.3-4]"},
        {"empty filter", v3_1_1, "0001 <> 00", topic_filter_invalid, "[MQTT-4.7]"},
        {"# not at the end", v3_1_1, "0001 <a/#/b> 00", topic_filter_invalid, "[MQTT-4.7]"},
        {"# not alone", v3_1_1, "0001 <a#> 00", topic_filter_invalid, "[MQTT-4.7]"},
        {"+ not alone", v3_1_1, "0001 <a/b+> 00", topic_filter_invalid, "[MQTT-4.7]"},
        {"share without a filter", v5, "0001 [] <$share/g> 00", topic_filter_invalid, "[MQTT-4.7]"},
        {"share without a name", v5, "0001 [] <$share//a> 00", topic_filter_invalid, "[MQTT-4.7]"},
        {"share name with a wildcard", v5, "0001 [] <$share/g+/a> 00", topic_filter_invalid,
            "[MQTT-4.7]"},
        {"filter not UTF-8", v3_1_1, "0001 0001 FF 00", malformed_packet, "[MQTT-1.5.4-1]"},
        {"U+0000 in the filter", v3_1_1, "0001 0001 00 00", malformed_packet, "[MQTT-1.5.4-2]"},
        {"subscription identifier 0", v5, "0001 [0B 00] <a> 00", protocol_error,
            "out of its range"},
        {"subscription identifier twice", v5, "0001 [0B 01 0B 02] <a> 00", protocol_error, "twice"},
        {"subscription identifier of five bytes", v5, "0001 [0B 8080808001] <a> 00",
            malformed_packet, "over four bytes"},
        {"a reason string", v5, "0001 [1F <a>] <a> 00", malformed_packet, "cannot have"},
    };
    expect_refusals(rows, [](std::string_view body, ProtocolVersion version) {
        return decode_subscribe(body, {.version = version});
    });
}

TEST(Subscribe, and_unsubscribe_that_exceed_a_limit_are_refused) {
    DecodeContext context{.version = v3_1_1};
    context.limits.topic_bytes = 5;
    context.limits.topic_levels = 2;
    context.limits.subscriptions = 2;
    const Refusal rows[] = {
        {"length", v3_1_1, "0001 <123456>", topic_filter_invalid, "longer"},
        {"levels", v3_1_1, "0001 <a/b/#>", topic_filter_invalid, "levels"},
        {"number", v3_1_1, "0001 <a> <b> <c>", quota_exceeded, "more topic filters"},
    };
    expect_refusals(rows, [&](std::string_view body, ProtocolVersion) {
        return decode_unsubscribe(body, context);
    });
    EXPECT_TRUE(decode_subscribe(wire("0001 <a> 00 <b> 00"), context));
    const auto refused = decode_subscribe(wire("0001 <a> 00 <b> 00 <c> 00"), context);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, quota_exceeded);
}

TEST(Subscribe, is_encoded_for_each_version) {
    PropertyWriter properties;
    properties.add(PropertyId::subscription_identifier, 300);
    Subscribe packet;
    packet.packet_id = 2;
    packet.properties = properties.properties();
    packet.subscriptions = {{.filter = "a/#",
        .qos = 1,
        .no_local = true,
        .retain_as_published = true,
        .retain_handling = 2}};
    std::string bytes;
    append_subscribe(bytes, packet, v3_1_1);
    append_subscribe(bytes, packet, v5);
    EXPECT_EQ(hex(bytes), hex(wire("82 08 0002 <a/#> 01  82 0C 0002 [0B AC02] <a/#> 2D")));
}

TEST(Suback, has_a_reason_for_each_subscription) {
    const std::string old_body = wire("0001 00 01 02 80");
    EXPECT_EQ(expect_decoded(decode_suback(old_body, from_server(v3_1_1))).reasons,
            (std::vector{success, granted_qos_1, granted_qos_2, unspecified_error}));
    const std::string body = wire("0001 [1F <why> 26 <k> <v>] 00 8F 9E A1 A2 97");
    const Suback packet = expect_decoded(decode_suback(body, from_server(v5)));
    EXPECT_EQ(packet.properties.text(PropertyId::reason_string), "why");
    EXPECT_EQ(packet.reasons.size(), 6);

    std::string bytes;
    append_suback(bytes, packet, v5);
    EXPECT_EQ(hex(bytes), hex(::foz::mqtt::packet(0x90, body)));
    bytes.clear();
    append_suback(bytes, packet, v3_1_1);
    EXPECT_EQ(hex(bytes), hex(wire("90 08 0001 00 80 80 80 80 80")));
}

TEST(Suback, that_breaks_a_rule_is_refused) {
    const Refusal rows[] = {
        {"empty", v5, "", malformed_packet, "inside a field"},
        {"packet identifier 0", v5, "0000 [] 00", protocol_error, "[MQTT-2.2.1-3]"},
        {"no reason", v5, "0001 []", protocol_error, "no reason code"},
        {"no reason in 3.1.1", v3_1_1, "0001", protocol_error, "no reason code"},
        {"return code 3", v3_1_1, "0001 03", protocol_error, "[MQTT5 2.4]"},
        {"a reason of 5 in 3.1.1", v3_1_1, "0001 87", protocol_error, "[MQTT-3.9.3-2]"},
        {"a reason of UNSUBACK", v5, "0001 [] 11", protocol_error, "[MQTT5 2.4]"},
        {"a property of SUBSCRIBE", v5, "0001 [0B 01] 00", malformed_packet, "cannot have"},
    };
    expect_refusals(rows, [](std::string_view body, ProtocolVersion version) {
        return decode_suback(body, from_server(version));
    });
}

TEST(Unsubscribe, has_topic_filters) {
    const std::string old_body = wire("0001 <a> <b/#>");
    const Unsubscribe old = expect_decoded(decode_unsubscribe(old_body, {.version = v3_1}));
    EXPECT_EQ(old.filters, (std::vector<std::string_view>{"a", "b/#"}));

    const std::string body = wire("0001 [26 <k> <v>] <$share/g/a>");
    const Unsubscribe packet = expect_decoded(decode_unsubscribe(body, {.version = v5}));
    EXPECT_EQ(packet.filters, (std::vector<std::string_view>{"$share/g/a"}));
    std::string bytes;
    append_unsubscribe(bytes, packet, v5);
    EXPECT_EQ(hex(bytes), hex(::foz::mqtt::packet(0xA2, body)));
    bytes.clear();
    append_unsubscribe(bytes, old, v3_1_1);
    EXPECT_EQ(hex(bytes), hex(::foz::mqtt::packet(0xA2, old_body)));
}

TEST(Unsubscribe, that_breaks_a_rule_is_refused) {
    const Refusal rows[] = {
        {"packet identifier 0", v3_1_1, "0000 <a>", protocol_error, "[MQTT-2.2.1-3]"},
        {"no filter", v3_1_1, "0001", protocol_error, "[MQTT-3.10.3-2]"},
        {"no filter in 5", v5, "0001 []", protocol_error, "[MQTT-3.10.3-2]"},
        {"half a filter", v3_1_1, "0001 0002 'a'", malformed_packet, "inside a field"},
        {"invalid filter", v3_1_1, "0001 <a+>", topic_filter_invalid, "[MQTT-4.7]"},
        {"a subscription identifier", v5, "0001 [0B 01] <a>", malformed_packet, "cannot have"},
    };
    expect_refusals(rows, [](std::string_view body, ProtocolVersion version) {
        return decode_unsubscribe(body, {.version = version});
    });
}

TEST(Unsuback, has_reasons_in_mqtt_5_only) {
    EXPECT_TRUE(expect_decoded(decode_unsuback(wire("0001"), from_server(v3_1_1))).reasons.empty());
    const std::string body = wire("0001 [] 00 11 8F");
    const Unsuback packet = expect_decoded(decode_unsuback(body, from_server(v5)));
    EXPECT_EQ(
            packet.reasons, (std::vector{success, no_subscription_existed, topic_filter_invalid}));
    std::string bytes;
    append_unsuback(bytes, packet, v5);
    append_unsuback(bytes, packet, v3_1_1);
    EXPECT_EQ(hex(bytes), hex(wire("B0 06 0001 [] 00 11 8F  B0 02 0001")));
}

TEST(Unsuback, that_breaks_a_rule_is_refused) {
    const Refusal rows[] = {
        {"packet identifier 0", v3_1_1, "0000", protocol_error, "[MQTT-2.2.1-3]"},
        {"a reason in 3.1.1", v3_1_1, "0001 00", malformed_packet, "after its last field"},
        {"no reason", v5, "0001 []", protocol_error, "no reason code"},
        {"a reason of SUBACK", v5, "0001 [] 01", protocol_error, "[MQTT5 2.4]"},
    };
    expect_refusals(rows, [](std::string_view body, ProtocolVersion version) {
        return decode_unsuback(body, from_server(version));
    });
}

}  // namespace
}  // namespace foz::mqtt
