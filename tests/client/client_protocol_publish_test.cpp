// SPDX-License-Identifier: Apache-2.0
// What foz sends: publishing, and sending again.
#include <gtest/gtest.h>

#include "client/client_protocol.h"
#include "tests/client/scripted_broker.h"
#include "tests/mqtt/packet_bytes.h"

namespace foz::client {
namespace {

using mqtt::PacketType;
using mqtt::ProtocolVersion;
using mqtt::ReasonCode;
using Told = std::vector<std::string>;

TEST(ClientProtocol, delivers_what_it_publishes_and_says_so) {
    for (const ProtocolVersion version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        ScriptedBroker broker(terms(version));
        broker.become_ready();
        EXPECT_EQ(broker.foz_publishes("a", 0, 10),
                mqtt::publish({.topic = "a", .payload = "x"}, version));
        EXPECT_EQ(broker.told(), Told{"delivered 10"});
        EXPECT_EQ(broker.foz_publishes("a", 1, 11),
                mqtt::publish({.topic = "a", .payload = "x", .packet_id = 1, .qos = 1}, version));
        broker.foz_publishes("a", 2, 12);
        EXPECT_EQ(broker.told(), Told{});
        EXPECT_EQ(broker.answer(PacketType::pubrec, 2), mqtt::ack(PacketType::pubrel, 2));
        EXPECT_EQ(broker.answer(PacketType::pubcomp, 2), "");
        EXPECT_EQ(broker.answer(PacketType::puback, 1), "");
        EXPECT_EQ(broker.told(), (Told{"delivered 12", "delivered 11"}));
        EXPECT_TRUE(broker.protocol().outbox().empty());
    }
}

TEST(ClientProtocol, tells_when_the_broker_refuses_a_message) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    broker.foz_publishes("a", 1, 1);
    broker.foz_publishes("a", 2, 2);
    broker.answer(PacketType::puback, 1, ReasonCode::not_authorized);
    EXPECT_EQ(broker.answer(PacketType::pubrec, 2, ReasonCode::quota_exceeded), "");
    EXPECT_EQ(broker.told(), (Told{"refused 1", "refused 2"}));
    EXPECT_TRUE(broker.protocol().outbox().empty());
}

TEST(ClientProtocol, has_no_more_in_flight_than_the_broker_and_the_terms_want) {
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::receive_maximum, 2);
    ScriptedBroker broker(terms());
    broker.open();
    broker.connack({.properties = properties.properties()});
    broker.foz_publishes("a", 1, 1);
    EXPECT_TRUE(broker.protocol().has_capacity());
    broker.foz_publishes("a", 2, 2);
    EXPECT_FALSE(broker.protocol().has_capacity());
    broker.answer(PacketType::pubrec, 2);
    EXPECT_FALSE(broker.protocol().has_capacity()) << "until PUBCOMP it counts";
    broker.answer(PacketType::pubcomp, 2);
    EXPECT_TRUE(broker.protocol().has_capacity());
}

TEST(ClientProtocol, sends_unacknowledged_messages_again_in_order_with_dup) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    broker.foz_publishes("a", 1, 1);
    broker.foz_publishes("b", 2, 2);
    broker.foz_publishes("c", 2, 3);
    broker.foz_publishes("d", 1, 4);
    broker.answer(PacketType::puback, 4);
    broker.answer(PacketType::pubrec, 2);
    broker.close();
    broker.open();
    const std::string again = broker.connack({.session_present = true});
    EXPECT_EQ(again,
            mqtt::publish({.topic = "a", .payload = "x", .packet_id = 1, .qos = 1, .dup = true}) +
                    mqtt::ack(PacketType::pubrel, 2) +
                    mqtt::publish(
                            {.topic = "c", .payload = "x", .packet_id = 3, .qos = 2, .dup = true}));
}

TEST(ClientProtocol, sends_them_as_new_messages_when_the_broker_has_lost_the_session) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    broker.foz_publishes("a", 1, 1);
    broker.close();
    broker.open();
    EXPECT_EQ(broker.connack(),
            mqtt::publish({.topic = "a", .payload = "x", .packet_id = 1, .qos = 1}));
    broker.close();
    broker.open();
    EXPECT_EQ(broker.connack({.session_present = true}),
            mqtt::publish({.topic = "a", .payload = "x", .packet_id = 1, .qos = 1, .dup = true}));
}

TEST(ClientProtocol, sends_again_only_as_much_at_once_as_the_broker_now_takes) {
    ScriptedBroker broker(terms());
    broker.become_ready();
    for (std::uint64_t tag = 1; tag <= 3; ++tag) {
        broker.foz_publishes("a", 1, tag);
    }
    broker.close();
    broker.open();
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::receive_maximum, 1);
    const auto again = [](std::uint16_t packet_id) {
        return mqtt::publish(
                {.topic = "a", .payload = "x", .packet_id = packet_id, .qos = 1, .dup = true});
    };
    EXPECT_EQ(broker.connack({.session_present = true, .properties = properties.properties()}),
            again(1));
    EXPECT_FALSE(broker.protocol().has_capacity()) << "what was sent before goes first";
    EXPECT_EQ(broker.answer(PacketType::puback, 1), again(2));
    EXPECT_EQ(broker.answer(PacketType::puback, 2), again(3));
    EXPECT_EQ(broker.answer(PacketType::puback, 3), "");
    EXPECT_TRUE(broker.protocol().has_capacity());
}

TEST(ClientProtocol, fits_what_it_publishes_to_what_the_broker_takes) {
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::maximum_qos, 1);
    properties.add(mqtt::PropertyId::retain_available, 0);
    const std::string fits =
            mqtt::publish({.topic = "ab", .payload = "x", .packet_id = 1, .qos = 1});
    properties.add(mqtt::PropertyId::maximum_packet_size, static_cast<std::uint32_t>(fits.size()));
    ScriptedBroker broker(terms());
    broker.open();
    broker.connack({.properties = properties.properties()});
    EXPECT_EQ(broker.foz_publishes("ab", 2, 1), fits);
    (void)broker.told();
    EXPECT_EQ(broker.foz_publishes("abc", 2, 2), "");
    EXPECT_EQ(broker.told(), Told{"refused 2"});
}

}  // namespace
}  // namespace foz::client
