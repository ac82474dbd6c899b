// SPDX-License-Identifier: Apache-2.0
#include "mqtt/decoder.h"
#include "mqtt/encoder.h"
#include "tests/mqtt/refusal.h"

namespace foz::mqtt {
namespace {

using enum ReasonCode;

TEST(Connack, is_decoded_for_each_version) {
    EXPECT_FALSE(expect_decoded(decode_connack(wire("01 00"), {.version = v3_1})).session_present);
    EXPECT_TRUE(expect_decoded(decode_connack(wire("01 00"), {.version = v3_1_1})).session_present);
    EXPECT_EQ(expect_decoded(decode_connack(wire("00 04"), {.version = v3_1_1})).reason,
            bad_user_name_or_password);
    const std::string body =
            wire("01 00 [11 00000001 21 0001 24 01 25 00 27 00000064 12 <id> 22 000A 1F <why> 26 "
                 "<k> <v>28 01 29 01 2A 00 13 003C 1A <info> 1C <other> 15 <m> 16 0000]");
    const Connack packet =
            expect_decoded(decode_connack(body, {.version = v5, .sender = Sender::server}));
    EXPECT_TRUE(packet.session_present);
    EXPECT_EQ(packet.reason, success);
    EXPECT_EQ(packet.properties.number(PropertyId::maximum_qos), 1);
    EXPECT_EQ(packet.properties.text(PropertyId::assigned_client_identifier), "id");
    EXPECT_EQ(packet.properties.number(PropertyId::server_keep_alive), 60);
    EXPECT_EQ(packet.properties.text(PropertyId::authentication_data), "");
}

TEST(Connack, of_a_server_that_does_not_know_mqtt_5_is_understood) {
    const Connack packet = expect_decoded(decode_connack(wire("00 01"), {.version = v5}));
    EXPECT_EQ(packet.reason, unsupported_protocol_version);
}

TEST(Connack, that_breaks_a_rule_is_refused) {
    const Refusal rows[] = {
        {"empty", v5, "", malformed_packet, "inside a field"},
        {"reserved flags", v3_1_1, "02 00", malformed_packet, "[MQTT-3.2.2-1]"},
        {"return code 6", v3_1_1, "00 06", protocol_error, "over 5"},
        {"session present and refused", v3_1_1, "01 05", protocol_error, "[MQTT-3.2.2-6]"},
        {"session present and refused in 5", v5, "01 87 []", protocol_error, "[MQTT-3.2.2-6]"},
        {"a reason of PUBACK", v5, "00 10 []", protocol_error, "[MQTT5 2.4]"},
        {"no Property Length", v5, "00 00", malformed_packet, "no Property Length"},
        {"a property of CONNECT", v5, "00 00 [17 01]", malformed_packet, "cannot have"},
        {"maximum QoS 2", v5, "00 00 [24 02]", protocol_error, "out of its range"},
        {"receive maximum 0", v5, "00 00 [21 0000]", protocol_error, "out of its range"},
        {"reason string twice", v5, "00 00 [1F <a> 1F <a>]", protocol_error, "twice"},
        {"bytes at the end", v3_1_1, "00 00 00", malformed_packet, "after its last field"},
        {"bytes at the end in 5", v5, "00 00 [] 00", malformed_packet, "after its last field"},
    };
    expect_refusals(rows, [](std::string_view body, ProtocolVersion version) {
        return decode_connack(body, {.version = version, .sender = Sender::server});
    });
}

TEST(Connack, is_encoded_for_each_version) {
    PropertyWriter properties;
    properties.add(PropertyId::reason_string, "no");
    Connack packet;
    packet.reason = not_authorized;
    packet.properties = properties.properties();
    std::string bytes;
    append_connack(bytes, packet, v3_1);
    append_connack(bytes, packet, v3_1_1);
    append_connack(bytes, packet, v5);
    packet.reason = success;
    packet.session_present = true;
    append_connack(bytes, packet, v3_1);
    append_connack(bytes, packet, v3_1_1);
    EXPECT_EQ(hex(bytes),
            hex(wire("20 02 00 05  20 02 00 05  20 08 00 87 [1F <no>]  20 02 00 00  20 02 01 00")));
}

TEST(Connack, of_mqtt_3_says_server_unavailable_for_a_reason_it_has_no_code_for) {
    Connack packet;
    packet.reason = packet_too_large;
    std::string bytes;
    append_connack(bytes, packet, v3_1_1);
    EXPECT_EQ(hex(bytes), hex(wire("20 02 00 03")));
}

}  // namespace
}  // namespace foz::mqtt
