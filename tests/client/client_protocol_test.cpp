// SPDX-License-Identifier: Apache-2.0
// What the broker sends on a connection that is there.
#include "client/client_protocol.h"

#include <gtest/gtest.h>

#include "tests/client/scripted_broker.h"
#include "tests/mqtt/packet_bytes.h"

namespace foz::client {
namespace {

using mqtt::PacketType;
using mqtt::ProtocolVersion;
using mqtt::ReasonCode;
using Told = std::vector<std::string>;

mqtt::Publish message(std::uint8_t qos, std::uint16_t packet_id, std::string_view payload = "1") {
    return {.topic = "t", .payload = payload, .packet_id = packet_id, .qos = qos};
}

TEST(ClientProtocol, never_acknowledges_by_itself) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    EXPECT_EQ(broker.publish(message(0, 0)), "");
    EXPECT_EQ(broker.publish(message(1, 5)), "");
    EXPECT_EQ(broker.publish(message(2, 6)), "");
    EXPECT_EQ(broker.told(), (Told{"t=1", "t=1", "PUBACK 5", "t=1", "PUBREC 6"}));
    EXPECT_EQ(broker.acknowledge(PacketType::puback, 5), mqtt::ack(PacketType::puback, 5));
    EXPECT_EQ(broker.acknowledge(PacketType::pubrec, 6), mqtt::ack(PacketType::pubrec, 6));
    EXPECT_EQ(broker.answer(PacketType::pubrel, 6), "");
    EXPECT_EQ(broker.told(), (Told{"release 6", "PUBCOMP 6"}));
    EXPECT_EQ(broker.acknowledge(PacketType::pubcomp, 6), mqtt::ack(PacketType::pubcomp, 6));
}

TEST(ClientProtocol, passes_a_qos_2_message_on_once_however_often_it_comes) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    broker.publish(message(2, 6));
    broker.publish(message(2, 6));
    EXPECT_EQ(broker.told(), (Told{"t=1", "PUBREC 6", "PUBREC 6"}));
    broker.close();
    broker.become_ready(true);
    broker.publish(message(2, 6));
    EXPECT_EQ(broker.told(), Told{"PUBREC 6"});
    broker.answer(PacketType::pubrel, 6);
    broker.publish(message(2, 6, "2"));
    EXPECT_EQ(broker.told(), (Told{"release 6", "PUBCOMP 6", "t=2", "PUBREC 6"}));
}

TEST(ClientProtocol, passes_another_message_on_that_has_a_packet_id_not_yet_released) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    broker.publish(message(2, 6));
    broker.publish(message(2, 6, "2"));
    auto elsewhere = message(2, 6, "2");
    elsewhere.topic = "u";
    broker.publish(elsewhere);
    broker.publish(elsewhere);
    EXPECT_EQ(broker.told(),
            (Told{"t=1", "PUBREC 6", "t=2", "PUBREC 6", "u=2", "PUBREC 6", "PUBREC 6"}));
    EXPECT_EQ(broker.session().unreleased_count(), 1U);
}

TEST(ClientProtocol, forgets_packet_ids_when_the_broker_has_lost_the_session) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    broker.publish(message(2, 6));
    broker.close();
    broker.become_ready(false);
    EXPECT_EQ(broker.session().unreleased_count(), 0U);
    broker.publish(message(2, 6, "2"));
    EXPECT_EQ(broker.told(), (Told{"t=2", "PUBREC 6"}));
}

TEST(ClientProtocol, answers_a_release_that_it_knows_nothing_of) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    broker.answer(PacketType::pubrel, 9);
    EXPECT_EQ(broker.told(), Told{"PUBCOMP 9"});
}

TEST(ClientProtocol, takes_messages_that_come_before_suback) {
    ScriptedBroker broker(subscribing({{.filter = "t"}}));
    broker.open();
    broker.connack({.session_present = true});
    broker.publish(message(1, 3));
    EXPECT_EQ(broker.told(), (Told{"resumed", "t=1", "PUBACK 3"}));
}

TEST(ClientProtocol, resolves_topic_aliases) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    mqtt::PropertyWriter alias;
    alias.add(mqtt::PropertyId::topic_alias, 3);
    mqtt::Publish first = message(0, 0);
    first.properties = alias.properties();
    broker.publish(first);
    mqtt::Publish second = first;
    second.topic = "";
    second.payload = "2";
    broker.publish(second);
    EXPECT_EQ(broker.told(), (Told{"t=1", "t=2"}));

    broker.close();
    broker.become_ready();
    broker.publish(second);
    ASSERT_TRUE(broker.protocol().failure()) << "aliases end with their connection";
    EXPECT_EQ(broker.protocol().failure()->cause, Cause::protocol);
}

TEST(ClientProtocol, finds_packets_however_the_bytes_are_split) {
    const std::string bytes = publish(message(0, 0, "abc")) + publish(message(1, 7, "defg"));
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        ScriptedBroker broker(terms());
        broker.become_ready();
        broker.send(bytes.substr(0, cut));
        broker.send(bytes.substr(cut));
        EXPECT_EQ(broker.told(), (Told{"t=abc", "t=defg", "PUBACK 7"})) << "cut at " << cut;
    }
}

TEST(ClientProtocol, is_told_by_the_broker_that_another_client_has_its_id) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    std::string bytes;
    mqtt::append_disconnect(bytes, {.reason = ReasonCode::session_taken_over, .properties = {}},
            ProtocolVersion::v5);
    broker.send(bytes);
    ASSERT_TRUE(broker.protocol().failure());
    EXPECT_EQ(broker.protocol().failure()->cause, Cause::taken_over);
    EXPECT_NE(broker.protocol().failure()->message.find(
                      "another client uses the client id \"foz-1\""),
            std::string::npos);
}

TEST(ClientProtocol, breaks_off_when_the_broker_breaks_the_protocol) {
    const std::string_view broken[] = {
        {"\xC0\x00", 2},                  // PINGREQ
        {"\x36\x00", 2},                  // a PUBLISH of QoS 3
        {"\x20\x03\x00\x00\x00", 5},      // a second CONNACK
        {"\x90\x04\xFF\xFF\x00\x00", 6},  // a SUBACK for nothing
    };
    for (const std::string_view bytes : broken) {
        ScriptedBroker broker(terms());
        broker.become_ready();
        const std::string out = broker.send(bytes);
        ASSERT_TRUE(broker.protocol().failure());
        EXPECT_EQ(broker.protocol().failure()->cause, Cause::protocol);
        EXPECT_EQ(out.substr(0, 1), "\xE0") << "DISCONNECT says why";
    }
}

}  // namespace
}  // namespace foz::client
