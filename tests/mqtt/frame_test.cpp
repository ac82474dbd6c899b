// SPDX-License-Identifier: Apache-2.0
#include "mqtt/frame.h"

#include "tests/mqtt/refusal.h"

namespace foz::mqtt {
namespace {

TEST(FixedHeader, says_where_a_packet_ends_and_what_it_is) {
    const std::string input = wire("32 05 0001 'a' 0001 D0 00");
    const auto first = read_frame(input, v3_1_1);
    ASSERT_TRUE(first && *first);
    EXPECT_EQ((*first)->type, PacketType::publish);
    EXPECT_EQ((*first)->flags, 2);
    EXPECT_EQ((*first)->body, wire("0001 'a' 0001"));
    EXPECT_EQ((*first)->size, 7);

    const auto second = read_frame(std::string_view(input).substr(7), v3_1_1);
    ASSERT_TRUE(second && *second);
    EXPECT_EQ((*second)->type, PacketType::pingresp);
    EXPECT_EQ((*second)->size, 2);
}

TEST(FixedHeader, wants_more_after_every_prefix_of_a_packet) {
    const std::string whole = packet(0x30, wire("<topic>") + std::string(200, 'x'));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto frame = read_frame(std::string_view(whole).substr(0, size), v5);
        ASSERT_TRUE(frame) << "after " << size << " bytes: " << frame.error().message;
        EXPECT_FALSE(*frame) << "after " << size << " bytes";
    }
}

TEST(FixedHeader, says_how_long_the_packet_will_be_once_its_length_is_there) {
    EXPECT_EQ(packet_size(""), 0);
    EXPECT_EQ(packet_size(wire("30")), 0);
    EXPECT_EQ(packet_size(wire("30 80")), 0);
    EXPECT_EQ(packet_size(wire("30 8001")), 3 + 128);
    EXPECT_EQ(packet_size(wire("30 FFFFFF7F")), kPacketBytesMax);
}

TEST(FixedHeader, reads_a_remaining_length_of_one_to_four_bytes) {
    // The borders of table 2-1 of the specification.
    const std::pair<std::string_view, std::size_t> rows[] = {
        {"30 00", 0}, {"30 7F", 127}, {"30 8001", 128}, {"30 FF7F", 16'383}, {"30 808001", 16'384},
        {"30 FFFF7F", 2'097'151}, {"30 80808001", 2'097'152},
        {"30 8000", 0},  // not in its shortest form: taken as it is
    };
    for (const auto& [header, length] : rows) {
        const std::string input = wire(header) + std::string(length, 'x');
        const auto frame = read_frame(input, v5);
        ASSERT_TRUE(frame && *frame) << header;
        EXPECT_EQ((*frame)->body.size(), length);
        EXPECT_EQ((*frame)->size, input.size());
    }
}

TEST(FixedHeader, refuses_reserved_types_and_flags) {
    const Refusal rows[] = {
        {"type 0", v5, "00 00", ReasonCode::malformed_packet, "[MQTT5 2.1.2]"},
        {"AUTH in 3.1.1", v3_1_1, "F0 00", ReasonCode::malformed_packet, "[MQTT5 2.1.2]"},
        {"AUTH in 3.1", v3_1, "F0 00", ReasonCode::malformed_packet, "[MQTT5 2.1.2]"},
        {"CONNECT with a flag", v5, "11 00", ReasonCode::malformed_packet, "[MQTT-2.1.3-1]"},
        {"CONNACK with a flag", v5, "22 00", ReasonCode::malformed_packet, "[MQTT-2.1.3-1]"},
        {"PUBLISH with QoS 3", v5, "36 00", ReasonCode::malformed_packet, "[MQTT-3.3.1-4]"},
        {"PUBLISH with QoS 3 in 3.1", v3_1, "36", ReasonCode::malformed_packet, "[MQTT-3.3.1-4]"},
        {"DUP with QoS 0", v5, "38 00", ReasonCode::malformed_packet, "[MQTT-3.3.1-2]"},
        {"DUP with QoS 0 in 3.1.1", v3_1_1, "38 00", ReasonCode::malformed_packet,
            "[MQTT-3.3.1-2]"},
        {"PUBACK with a flag", v3_1_1, "42 02 0001", ReasonCode::malformed_packet,
            "[MQTT-2.1.3-1]"},
        {"PUBREC with a flag", v5, "51", ReasonCode::malformed_packet, "[MQTT-2.1.3-1]"},
        {"PUBREL without its flag", v5, "60", ReasonCode::malformed_packet, "[MQTT-2.1.3-1]"},
        {"PUBREL with another flag", v5, "6A", ReasonCode::malformed_packet, "[MQTT-2.1.3-1]"},
        {"PUBCOMP with a flag", v5, "72", ReasonCode::malformed_packet, "[MQTT-2.1.3-1]"},
        {"SUBSCRIBE without its flag", v5, "80", ReasonCode::malformed_packet, "[MQTT-2.1.3-1]"},
        {"SUBACK with a flag", v5, "92", ReasonCode::malformed_packet, "[MQTT-2.1.3-1]"},
        {"UNSUBSCRIBE without its flag", v5, "A0", ReasonCode::malformed_packet, "[MQTT-2.1.3-1]"},
        {"UNSUBACK with a flag", v5, "B1", ReasonCode::malformed_packet, "[MQTT-2.1.3-1]"},
        {"PINGREQ with a flag", v5, "C4", ReasonCode::malformed_packet, "[MQTT-2.1.3-1]"},
        {"PINGRESP with a flag", v5, "D8", ReasonCode::malformed_packet, "[MQTT-2.1.3-1]"},
        {"DISCONNECT with a flag", v3_1_1, "E1", ReasonCode::malformed_packet, "[MQTT-2.1.3-1]"},
        {"AUTH with a flag", v5, "F1", ReasonCode::malformed_packet, "[MQTT-2.1.3-1]"},
        {"a length of five bytes", v5, "30 80808080 01", ReasonCode::malformed_packet,
            "[MQTT5 2.1.4]"},
        {"four bytes that go on", v5, "30 FFFFFFFF", ReasonCode::malformed_packet, "[MQTT5 2.1.4]"},
    };
    expect_refusals(rows, [](std::string_view bytes, ProtocolVersion version) {
        return read_frame(bytes, version);
    });
}

TEST(FixedHeader, lets_mqtt_3_1_set_flags_that_it_does_not_define) {
    for (const std::string_view bytes : {"6A 02 0001", "8A 00", "AA 00", "38 03 <a>", "C8 00"}) {
        const std::string input = wire(bytes);
        const auto frame = read_frame(input, v3_1);
        EXPECT_TRUE(frame && *frame) << bytes;
    }
}

TEST(FixedHeader, refuses_a_packet_that_is_too_large_before_its_body_is_there) {
    const std::string header = wire("30 8008");  // 1,024 bytes and three of header
    const auto allowed = read_frame(header, v5, 1'027);
    ASSERT_TRUE(allowed);
    EXPECT_FALSE(*allowed);
    const auto refused = read_frame(header, v5, 1'026);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, ReasonCode::packet_too_large);
}

}  // namespace
}  // namespace foz::mqtt
