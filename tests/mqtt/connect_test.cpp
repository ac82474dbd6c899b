// SPDX-License-Identifier: Apache-2.0
#include "mqtt/decoder.h"
#include "mqtt/encoder.h"
#include "tests/mqtt/refusal.h"

namespace foz::mqtt {
namespace {

using enum ReasonCode;

Connect decoded_connect(const std::string& body) {
    return expect_decoded(decode_connect(body, {}));
}

TEST(Connect, of_mqtt_3_1_has_the_protocol_name_MQIsdp) {
    const std::string body = wire("<MQIsdp> 03 02 003C <esp32>");
    const Connect packet = decoded_connect(body);
    EXPECT_EQ(packet.version, v3_1);
    EXPECT_TRUE(packet.clean_start);
    EXPECT_EQ(packet.keep_alive_seconds, 60);
    EXPECT_EQ(packet.client_id, "esp32");
    EXPECT_FALSE(packet.will);
    EXPECT_FALSE(packet.user_name);
    EXPECT_FALSE(packet.password);
}

TEST(Connect, of_mqtt_3_1_1_has_all_its_fields) {
    const std::string body =
            wire("<MQTT> 04 EC FFFF <esp32> <status/esp32> <offline> <user> <secret>");
    const Connect packet = decoded_connect(body);
    EXPECT_EQ(packet.version, v3_1_1);
    EXPECT_FALSE(packet.clean_start);
    EXPECT_EQ(packet.keep_alive_seconds, 65'535);
    EXPECT_EQ(packet.client_id, "esp32");
    ASSERT_TRUE(packet.will);
    EXPECT_EQ(packet.will->topic, "status/esp32");
    EXPECT_EQ(packet.will->payload, "offline");
    EXPECT_EQ(packet.will->qos, 1);
    EXPECT_TRUE(packet.will->retain);
    EXPECT_EQ(packet.user_name, "user");
    EXPECT_EQ(packet.password, "secret");
    EXPECT_TRUE(packet.properties.empty());
}

TEST(Connect, of_mqtt_5_has_properties_of_its_own_and_of_the_will) {
    const std::string body =
            wire("<MQTT> 05 C6 000A[11 00000E10 21 0014 27 00010000 22 0005 19 01 17 00 26 <k> <v> "
                 "15 <SCRAM> 16 0002 00FF]<esp32> [18 0000001E 01 01 02 0000003C 03 <text/plain> "
                 "08 <answers> 09 0001 00 26 <a> <b>]<status> 0000 <user> 0003 00FFFE");
    const Connect packet = decoded_connect(body);
    EXPECT_EQ(packet.version, v5);
    EXPECT_EQ(packet.properties.number(PropertyId::session_expiry_interval), 3'600);
    EXPECT_EQ(packet.properties.number(PropertyId::receive_maximum), 20);
    EXPECT_EQ(packet.properties.number(PropertyId::maximum_packet_size), 65'536);
    EXPECT_EQ(packet.properties.number(PropertyId::topic_alias_maximum), 5);
    EXPECT_EQ(packet.properties.number(PropertyId::request_response_information), 1);
    EXPECT_EQ(packet.properties.number(PropertyId::request_problem_information), 0);
    EXPECT_EQ(packet.properties.text(PropertyId::authentication_method), "SCRAM");
    EXPECT_EQ(packet.properties.text(PropertyId::authentication_data), wire("00FF"));
    EXPECT_EQ(packet.properties.user_properties(), 1);
    ASSERT_TRUE(packet.will);
    EXPECT_EQ(packet.will->properties.number(PropertyId::will_delay_interval), 30);
    EXPECT_EQ(packet.will->properties.text(PropertyId::response_topic), "answers");
    EXPECT_TRUE(packet.will->payload.empty());
    EXPECT_EQ(packet.password, wire("00FFFE"));
}

TEST(Connect, of_mqtt_5_may_have_a_password_without_a_user_name) {
    const std::string body = wire("<MQTT> 05 42 0000 [] <esp32> <token>");
    const Connect packet = decoded_connect(body);
    EXPECT_FALSE(packet.user_name);
    EXPECT_EQ(packet.password, "token");
}

TEST(Connect, may_leave_the_client_identifier_to_the_server) {
    EXPECT_TRUE(decoded_connect(wire("<MQTT> 04 02 0000 <>")).client_id.empty());
    EXPECT_TRUE(decoded_connect(wire("<MQTT> 05 00 0000 [] <>")).client_id.empty());
}

TEST(Connect, of_mqtt_3_1_may_have_a_client_identifier_over_23_bytes) {
    const std::string body = wire("<MQIsdp> 03 02 003C <an-identifier-of-more-than-23-bytes>");
    EXPECT_EQ(decoded_connect(body).client_id.size(), 35);
}

TEST(Connect, of_mqtt_3_1_may_announce_a_user_name_and_a_password_and_leave_them_out) {
    const Connect neither = decoded_connect(wire("<MQIsdp> 03 C2 003C <esp32>"));
    EXPECT_FALSE(neither.user_name);
    EXPECT_FALSE(neither.password);
    const std::string body = wire("<MQIsdp> 03 C2 003C <esp32> <user>");
    const Connect name_only = decoded_connect(body);
    EXPECT_EQ(name_only.user_name, "user");
    EXPECT_FALSE(name_only.password);
}

TEST(Connect, of_mqtt_3_1_may_have_flags_that_mean_nothing) {
    EXPECT_EQ(decoded_connect(wire("<MQIsdp> 03 03 003C <esp32>")).version, v3_1);
    EXPECT_FALSE(decoded_connect(wire("<MQIsdp> 03 3A 003C <esp32>")).will);
}

TEST(Connect, that_breaks_a_rule_is_refused) {
    const Refusal rows[] = {
        {"empty", v5, "", malformed_packet, "inside a field"},
        {"another protocol", v5, "<HTTP> 05 02 0000 [] <a>", unsupported_protocol_version,
            "[MQTT-3.1.2-2]"},
        {"lower case", v5, "<mqtt> 05 02 0000 [] <a>", unsupported_protocol_version,
            "[MQTT-3.1.2-2]"},
        {"level 6", v5, "<MQTT> 06 02 0000 [] <a>", unsupported_protocol_version, "[MQTT-3.1.2-2]"},
        {"level 3 of MQTT", v5, "<MQTT> 03 02 0000 <a>", unsupported_protocol_version,
            "[MQTT-3.1.2-2]"},
        {"level 4 of MQIsdp", v5, "<MQIsdp> 04 02 0000 <a>", unsupported_protocol_version,
            "[MQTT-3.1.2-2]"},
        {"a bridge's level in MQTT 5", v5, "<MQTT> 85 02 0000 [] <a>", unsupported_protocol_version,
            "[MQTT-3.1.2-2]"},
        {"reserved flag", v3_1_1, "<MQTT> 04 03 0000 <a>", malformed_packet, "[MQTT-3.1.2-3]"},
        {"reserved flag in 5", v5, "<MQTT> 05 03 0000 [] <a>", malformed_packet, "[MQTT-3.1.2-3]"},
        {"will QoS 3", v5, "<MQTT> 05 1E 0000 [] <a> [] <t> <p>", malformed_packet,
            "[MQTT-3.1.2-12]"},
        {"will QoS 3 in 3.1", v3_1, "<MQIsdp> 03 1E 0000 <a> <t> <p>", malformed_packet,
            "[MQTT-3.1.2-12]"},
        {"will QoS without a will", v5, "<MQTT> 05 0A 0000 [] <a>", malformed_packet,
            "[MQTT-3.1.2-11]"},
        {"will retain without a will", v5, "<MQTT> 05 22 0000 [] <a>", malformed_packet,
            "[MQTT-3.1.2-13]"},
        {"password without a user name", v3_1_1, "<MQTT> 04 42 0000 <a> <p>", malformed_packet,
            "[MQTT-3.1.2-22]"},
        {"no client identifier", v3_1_1, "<MQTT> 04 02 0000", malformed_packet, "inside a field"},
        {"empty client identifier in 3.1", v3_1, "<MQIsdp> 03 02 0000 <>",
            client_identifier_not_valid, "3.1"},
        {"empty client identifier, session kept", v3_1_1, "<MQTT> 04 00 0000 <>",
            client_identifier_not_valid, "[MQTT-3.1.3-8]"},
        {"client identifier not UTF-8", v3_1_1, "<MQTT> 04 02 0000 0001 FF", malformed_packet,
            "[MQTT-1.5.4-1]"},
        {"U+0000 in the client identifier", v3_1_1, "<MQTT> 04 02 0000 0002 'a' 00",
            malformed_packet, "[MQTT-1.5.4-2]"},
        {"will topic with a wildcard", v3_1_1, "<MQTT> 04 06 0000 <a> <t/#> <p>",
            topic_name_invalid, "[MQTT-3.3.2-2]"},
        {"empty will topic", v3_1_1, "<MQTT> 04 06 0000 <a> <> <p>", topic_name_invalid,
            "[MQTT-4.7.3-1]"},
        {"will topic not UTF-8", v3_1_1, "<MQTT> 04 06 0000 <a> 0001 C0 <p>", malformed_packet,
            "UTF-8"},
        {"no will payload", v3_1_1, "<MQTT> 04 06 0000 <a> <t>", malformed_packet,
            "inside a field"},
        {"user name announced but absent", v3_1_1, "<MQTT> 04 82 0000 <a>", malformed_packet,
            "inside a field"},
        {"user name not UTF-8", v3_1_1, "<MQTT> 04 82 0000 <a> 0001 80", malformed_packet,
            "[MQTT-1.5.4-1]"},
        {"bytes at the end", v3_1_1, "<MQTT> 04 02 0000 <a> 00", malformed_packet,
            "after its last field"},
        {"bytes at the end in 3.1", v3_1, "<MQIsdp> 03 02 0000 <a> 00", malformed_packet,
            "after its last field"},
        {"properties longer than the packet", v5, "<MQTT> 05 02 0000 7F", malformed_packet,
            "inside a field"},
        {"a property of PUBLISH", v5, "<MQTT> 05 02 0000 [23 0001] <a>", malformed_packet,
            "cannot have"},
        {"a will's property in CONNECT", v5, "<MQTT> 05 02 0000 [18 00000001] <a>",
            malformed_packet, "cannot have"},
        {"a session expiry in the will", v5, "<MQTT> 05 06 0000 [] <a> [11 00000001] <t> <p>",
            malformed_packet, "cannot have"},
        {"receive maximum 0", v5, "<MQTT> 05 02 0000 [21 0000] <a>", protocol_error,
            "out of its range"},
        {"maximum packet size 0", v5, "<MQTT> 05 02 0000 [27 00000000] <a>", protocol_error,
            "out of its range"},
        {"request problem information 2", v5, "<MQTT> 05 02 0000 [17 02] <a>", protocol_error,
            "out of its range"},
        {"receive maximum twice", v5, "<MQTT> 05 02 0000 [21 0001 21 0001] <a>", protocol_error,
            "twice"},
        {"data without a method", v5, "<MQTT> 05 02 0000 [16 0001 00] <a>", protocol_error,
            "without a method"},
    };
    expect_refusals(
            rows, [](std::string_view body, ProtocolVersion) { return decode_connect(body, {}); });
}

TEST(Connect, that_exceeds_a_limit_is_refused) {
    const DecodeLimits limits{.topic_bytes = 6,
        .topic_levels = 2,
        .client_id_bytes = 8,
        .user_properties = 2,
        .user_properties_bytes = 8,
        .subscriptions = 1};
    EXPECT_TRUE(decode_connect(wire("<MQTT> 04 06 0000 <12345678> <a/bcde> <p>"), limits));
    // The will's user properties are counted apart from the others.
    EXPECT_TRUE(decode_connect(wire("<MQTT> 05 06 0000 [26 <ab> <cd> 26 <ab> <cd>] <a> [26 <ab> "
                                    "<cd> 26 <ab> <cd>] <t> <p>"),
            limits));
    const Refusal rows[] = {
        {"client identifier", v3_1_1, "<MQTT> 04 02 0000 <123456789>", client_identifier_not_valid,
            "longer"},
        {"will topic's length", v3_1_1, "<MQTT> 04 06 0000 <a> <1234567> <p>", topic_name_invalid,
            "longer"},
        {"will topic's levels", v3_1_1, "<MQTT> 04 06 0000 <a> <a/b/c> <p>", topic_name_invalid,
            "levels"},
        {"number of user properties", v5, "<MQTT> 05 02 0000 [26 <> <> 26 <> <> 26 <> <>] <a>",
            quota_exceeded, "more user properties"},
        {"size of user properties", v5, "<MQTT> 05 02 0000 [26 <abcd> <efghi>] <a>", quota_exceeded,
            "larger"},
        {"number of the will's", v5,
            "<MQTT> 05 06 0000 [] <a> [26 <> <> 26 <> <> 26 <> <>] <t> <p>", quota_exceeded,
            "more user properties"},
    };
    expect_refusals(rows,
            [&](std::string_view body, ProtocolVersion) { return decode_connect(body, limits); });
}

TEST(Connect, of_a_mosquitto_bridge_is_one_of_mqtt_3) {
    const auto newer = decode_connect(wire("<MQTT> 84 02 0000 <a>"), {});
    ASSERT_TRUE(newer);
    EXPECT_EQ(newer->version, v3_1_1);
    EXPECT_TRUE(newer->bridge);
    const auto older = decode_connect(wire("<MQIsdp> 83 02 0000 <a>"), {});
    ASSERT_TRUE(older);
    EXPECT_EQ(older->version, v3_1);
    EXPECT_TRUE(older->bridge);
}

TEST(Connect, that_is_refused_is_answered_in_a_version_its_sender_can_read) {
    EXPECT_EQ(version_to_refuse_in(wire("<MQIsdp> 03 00")), v3_1_1);
    EXPECT_EQ(version_to_refuse_in(wire("<MQTT> 03")), v3_1_1);
    EXPECT_EQ(version_to_refuse_in(wire("<MQTT> 04 03 0000 <a>")), v3_1_1);
    EXPECT_EQ(version_to_refuse_in(wire("<MQTT> 05 03")), v5);
    EXPECT_EQ(version_to_refuse_in(wire("<MQTT> 06")), v5);
    EXPECT_EQ(version_to_refuse_in(wire("<HTTP> 05")), std::nullopt);
    EXPECT_EQ(version_to_refuse_in(wire("<MQTT>")), std::nullopt);
    EXPECT_EQ(version_to_refuse_in(""), std::nullopt);
}

TEST(Connect, is_encoded_for_each_version) {
    Connect packet;
    packet.client_id = "esp32";
    packet.keep_alive_seconds = 60;
    packet.user_name = "user";
    packet.version = v3_1;
    std::string bytes;
    append_connect(bytes, packet);
    EXPECT_EQ(hex(bytes), hex(wire("10 19 <MQIsdp> 03 82 003C <esp32> <user>")));

    packet.version = v3_1_1;
    packet.will = Will{.topic = "t", .payload = "p", .qos = 2, .retain = true, .properties = {}};
    packet.password = "p";
    bytes.clear();
    append_connect(bytes, packet);
    EXPECT_EQ(hex(bytes), hex(wire("10 20 <MQTT> 04 F6 003C <esp32> <t> <p> <user> <p>")));

    PropertyWriter properties;
    properties.add(PropertyId::session_expiry_interval, 7).add(PropertyId::receive_maximum, 9);
    PropertyWriter will_properties;
    will_properties.add(PropertyId::will_delay_interval, 1);
    packet.version = v5;
    packet.clean_start = false;
    packet.properties = properties.properties();
    packet.will->properties = will_properties.properties();
    bytes.clear();
    append_connect(bytes, packet);
    EXPECT_EQ(hex(bytes), hex(wire("10 2F <MQTT> 05 F4 003C [11 00000007 21 0009] <esp32>[18 "
                                   "00000001] <t> <p> <user> <p>")));
}

}  // namespace
}  // namespace foz::mqtt
