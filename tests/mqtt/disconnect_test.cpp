// SPDX-License-Identifier: Apache-2.0
// DISCONNECT, AUTH, PINGREQ and PINGRESP.
#include "mqtt/decoder.h"
#include "mqtt/encoder.h"
#include "tests/mqtt/refusal.h"

namespace foz::mqtt {
namespace {

using enum ReasonCode;

constexpr DecodeContext sent_by(Sender sender, ProtocolVersion version = v5) {
    return {.version = version, .sender = sender};
}

TEST(Disconnect, may_be_empty_in_every_version) {
    for (const auto version : {v3_1, v3_1_1, v5}) {
        const auto context = sent_by(Sender::client, version);
        EXPECT_EQ(expect_decoded(decode_disconnect("", context)).reason, success);
        std::string bytes;
        append_disconnect(bytes, {}, version);
        EXPECT_EQ(hex(bytes), hex(wire("E0 00")));
    }
}

TEST(Disconnect, of_mqtt_5_may_have_a_reason_and_properties) {
    EXPECT_EQ(expect_decoded(decode_disconnect(wire("04"), sent_by(Sender::client))).reason,
            disconnect_with_will);
    const std::string from_client = wire("00 [11 00000000 1F <bye>]");
    EXPECT_EQ(expect_decoded(decode_disconnect(from_client, sent_by(Sender::client)))
                      .properties.number(PropertyId::session_expiry_interval),
            0);
    const std::string from_server = wire("9D [1C <other> 26 <k> <v>]");
    const Disconnect packet =
            expect_decoded(decode_disconnect(from_server, sent_by(Sender::server)));
    EXPECT_EQ(packet.reason, server_moved);
    EXPECT_EQ(packet.properties.text(PropertyId::server_reference), "other");

    std::string bytes;
    append_disconnect(bytes, packet, v5);
    append_disconnect(bytes, {.reason = session_taken_over, .properties = {}}, v5);
    EXPECT_EQ(hex(bytes), hex(::foz::mqtt::packet(0xE0, from_server) + wire("E0 01 8E")));
}

TEST(Disconnect, of_a_client_that_breaks_a_rule_is_refused) {
    const Refusal rows[] = {
        {"a reason in 3.1.1", v3_1_1, "00", malformed_packet, "after its last field"},
        {"a reason in 3.1", v3_1, "00", malformed_packet, "after its last field"},
        {"a reason of servers", v5, "8E", protocol_error, "[MQTT5 2.4]"},
        {"an undefined reason", v5, "01", protocol_error, "[MQTT5 2.4]"},
        {"a server reference", v5, "00 [1C <a>]", protocol_error, "server reference"},
        {"session expiry twice", v5, "00 [11 00000001 11 00000001]", protocol_error, "twice"},
        {"a property of CONNECT", v5, "00 [21 0001]", malformed_packet, "cannot have"},
        {"bytes at the end", v5, "00 [] 00", malformed_packet, "after its last field"},
    };
    expect_refusals(rows, [](std::string_view body, ProtocolVersion version) {
        return decode_disconnect(body, sent_by(Sender::client, version));
    });
}

TEST(Disconnect, of_a_server_that_breaks_a_rule_is_refused) {
    const Refusal rows[] = {
        {"a reason of clients", v5, "04", protocol_error, "[MQTT5 2.4]"},
        {"a session expiry", v5, "00 [11 00000001]", protocol_error, "[MQTT-3.14.2-2]"},
    };
    expect_refusals(rows, [](std::string_view body, ProtocolVersion version) {
        return decode_disconnect(body, sent_by(Sender::server, version));
    });
}

TEST(Auth, carries_a_method_and_data) {
    const std::string body = wire("18 [15 <SCRAM> 16 0002 0001]");
    const Auth packet = expect_decoded(decode_auth(body, sent_by(Sender::client)));
    EXPECT_EQ(packet.reason, continue_authentication);
    EXPECT_EQ(packet.properties.text(PropertyId::authentication_method), "SCRAM");
    EXPECT_EQ(packet.properties.text(PropertyId::authentication_data), wire("0001"));
    std::string bytes;
    append_auth(bytes, packet);
    EXPECT_EQ(hex(bytes), hex(::foz::mqtt::packet(0xF0, body)));
}

TEST(Auth, of_success_may_be_empty_when_a_server_sends_it) {
    EXPECT_EQ(expect_decoded(decode_auth("", sent_by(Sender::server))).reason, success);
    std::string bytes;
    append_auth(bytes, {});
    EXPECT_EQ(hex(bytes), hex(wire("F0 00")));
}

TEST(Auth, that_breaks_a_rule_is_refused) {
    const Refusal rows[] = {
        {"empty, from a client", v5, "", malformed_packet, "inside a field"},
        {"success, from a client", v5, "00 [15 <m>]", protocol_error, "[MQTT5 2.4]"},
        {"a reason of DISCONNECT", v5, "80 [15 <m>]", protocol_error, "[MQTT5 2.4]"},
        {"no Property Length", v5, "18", malformed_packet, "inside a field"},
        {"no method", v5, "18 []", protocol_error, "no authentication method"},
        {"data without a method", v5, "18 [16 <d>]", protocol_error, "without a method"},
        {"method twice", v5, "18 [15 <m> 15 <m>]", protocol_error, "twice"},
        {"bytes at the end", v5, "18 [15 <m>] 00", malformed_packet, "after its last field"},
    };
    expect_refusals(rows, [](std::string_view body, ProtocolVersion) {
        return decode_auth(body, sent_by(Sender::client));
    });
}

TEST(Ping, has_no_body) {
    EXPECT_TRUE(decode_ping(""));
    const auto refused = decode_ping("x");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, malformed_packet);
    std::string bytes;
    append_pingreq(bytes);
    append_pingresp(bytes);
    EXPECT_EQ(hex(bytes), hex(wire("C0 00 D0 00")));
}

}  // namespace
}  // namespace foz::mqtt
