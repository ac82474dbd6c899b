// SPDX-License-Identifier: Apache-2.0
// What subscribers have after foz was killed: as a crash does it, nothing is saved at the end.
#include <gmock/gmock.h>

#include "tests/broker/broker_fixture.h"
#include "tests/broker/packet_client.h"

namespace foz::broker {
namespace {

using mqtt::PacketType;

/// Once without a checkpoint, and once with one after each step.
class DeliveryRestart : public BrokerOverSockets, public testing::WithParamInterface<bool> {
  protected:
    void step() {
        if (GetParam()) {
            save_sessions();
        }
    }
    void kept_subscriber_of(std::string_view filter, std::uint8_t qos) {
        PacketClient client(port());
        client.connect("kept", false, kHour);
        client.subscribe({{.filter = filter, .qos = qos}});
        client.disconnect();
    }
    void publish(const std::vector<std::string>& payloads, std::string_view topic = "a") {
        PacketClient publisher(port());
        publisher.connect("publisher");
        for (const std::string& payload : payloads) {
            publisher.publish_durably(topic, payload);
        }
        publisher.disconnect();
    }
};

TEST_P(DeliveryRestart, subscriptions_and_what_waits_survive) {
    kept_subscriber_of("a", 1);
    step();
    publish({"1", "2"});
    step();
    restart();
    publish({"3"});
    PacketClient client(port());
    EXPECT_TRUE(client.connect("kept", false, kHour).session_present);
    for (const auto* const payload : {"1", "2", "3"}) {
        const Received message = client.message();
        EXPECT_EQ(message.payload, payload);
        client.answer(PacketType::puback, message.packet_id);
    }
    EXPECT_TRUE(client.is_silent());
}

// [MQTT-4.4.0-1]
TEST_P(DeliveryRestart, a_message_comes_again_with_its_packet_id_until_it_is_answered) {
    kept_subscriber_of("a", 1);
    publish({"1", "2", "3"});
    step();
    std::vector<std::uint16_t> packet_ids;
    {
        PacketClient client(port());
        client.connect("kept", false, kHour);
        for (int i = 0; i < 3; ++i) {
            packet_ids.push_back(client.message().packet_id);
        }
        client.answer(PacketType::puback, packet_ids[1]);
        EXPECT_TRUE(client.is_silent());
    }
    ASSERT_TRUE(wait_for_connections(0));
    publish({"4"});  // behind the answer in the journal
    step();
    restart();
    PacketClient client(port());
    client.connect("kept", false, kHour);
    const Received first = client.message();
    EXPECT_EQ(first.payload, "1");
    EXPECT_EQ(first.packet_id, packet_ids[0]);
    EXPECT_TRUE(first.dup);
    const Received third = client.message();
    EXPECT_EQ(third.payload, "3");
    EXPECT_EQ(third.packet_id, packet_ids[2]);
    EXPECT_EQ(client.message().payload, "4");
    EXPECT_TRUE(client.is_silent());
}

// [MQTT-4.3.3-5]: what the client has said PUBREC to is not sent to it again.
TEST_P(DeliveryRestart, qos_2_goes_on_where_it_was) {
    kept_subscriber_of("a", 2);
    PacketClient publisher(port());
    publisher.connect("publisher");
    for (std::uint16_t i = 1; i <= 2; ++i) {
        publisher.publish({.topic = "a", .payload = "x", .packet_id = i, .qos = 2});
        publisher.expect(PacketType::pubrec);
    }
    step();
    std::uint16_t received = 0;
    std::uint16_t sent = 0;
    {
        PacketClient client(port());
        client.connect("kept", false, kHour);
        received = client.message().packet_id;
        sent = client.message().packet_id;
        client.answer(PacketType::pubrec, received);
        EXPECT_EQ(client.expect(PacketType::pubrel).packet_id, received);
    }
    step();
    restart();
    PacketClient client(port());
    client.connect("kept", false, kHour);
    EXPECT_EQ(client.expect(PacketType::pubrel).packet_id, received);
    const Received again = client.message();
    EXPECT_EQ(again.packet_id, sent);
    client.answer(PacketType::pubcomp, received);
    client.answer(PacketType::pubrec, sent);
    EXPECT_EQ(client.expect(PacketType::pubrel).packet_id, sent);
    client.answer(PacketType::pubcomp, sent);
    EXPECT_TRUE(client.is_silent());
}

TEST_P(DeliveryRestart, what_was_given_up_stays_given_up) {
    kept_subscriber_of("a", 1);
    {
        PacketClient client(port());
        client.connect("kept", false, kHour);
        client.unsubscribe({"a"});
        client.subscribe({{.filter = "b", .qos = 1}});
        client.disconnect();
    }
    step();
    restart();
    publish({"a"}, "a");
    publish({"b"}, "b");
    PacketClient client(port());
    client.connect("kept", false, kHour);
    EXPECT_EQ(client.message().payload, "b");
    EXPECT_TRUE(client.is_silent());
}

TEST_P(DeliveryRestart, a_session_that_was_discarded_gets_nothing) {
    kept_subscriber_of("a", 1);
    publish({"1"});
    step();
    {
        PacketClient client(port());
        EXPECT_FALSE(client.connect("kept", true).session_present);
        client.subscribe({{.filter = "a", .qos = 1}});
        client.disconnect();
    }
    publish({"2"});
    step();
    restart();
    publish({"3"});
    PacketClient client(port());
    EXPECT_FALSE(client.connect("kept", false, kHour).session_present);
    EXPECT_TRUE(client.is_silent());
}

TEST_P(DeliveryRestart, a_session_sleeps_for_longer_than_the_journal_keeps) {
    retain_bytes_ = 0;
    restart();
    kept_subscriber_of("a", 1);
    publish({"1", "2"});
    save_sessions();
    publish({"3"});
    save_sessions();
    save_sessions();
    // All that a database has passed may go now, and what comes makes room for itself.
    const std::string much(64 << 10, 'x');
    while (journal_->status().first == journal::Position()) {
        publish(std::vector<std::string>(20, much), "b");
        save_sessions();
        journal_->set_cursor("database", journal_->durable_end());
    }
    if (GetParam()) {
        restart();
    }
    PacketClient client(port());
    client.connect("kept", false, kHour);
    for (const auto* const payload : {"1", "2", "3"}) {
        const Received message = client.message();
        EXPECT_EQ(message.payload, payload);
        client.answer(PacketType::puback, message.packet_id);
    }
    EXPECT_TRUE(client.is_silent());
    client.disconnect();
    save_sessions();
    const auto left = state_->run("count", [](state::SqliteConnection& connection) {
        return connection.integer_of("SELECT count(*) FROM waiting_message");
    });
    EXPECT_EQ(left.value_or(-1), 0);
}

TEST_P(DeliveryRestart, retained_messages_survive_also_a_journal_that_has_them_no_longer) {
    retain_bytes_ = 0;
    restart();
    const auto publish_retained = [&](std::string_view topic, std::string_view payload) {
        PacketClient publisher(port());
        publisher.connect("publisher");
        publisher.publish(
                {.topic = topic, .payload = payload, .packet_id = 1, .qos = 1, .retain = true});
        publisher.expect(PacketType::puback);
        publisher.disconnect();
    };
    publish_retained("a/1", "old");
    publish_retained("a/1", "1");
    publish_retained("a/2", "2");
    publish_retained("a/3", "3");
    publish_retained("a/3", "");
    step();
    restart();
    step();
    const std::string much(64 << 10, 'x');
    while (GetParam() && journal_->status().first == journal::Position()) {
        publish(std::vector<std::string>(20, much), "b");
        save_sessions();
        journal_->set_cursor("database", journal_->durable_end());
    }
    restart();
    PacketClient client(port());
    client.connect("kept", false, kHour);
    client.subscribe({{.filter = "a/#", .qos = 1}});
    EXPECT_THAT((std::vector{client.message().payload, client.message().payload}),
            testing::UnorderedElementsAre("1", "2"));
    EXPECT_TRUE(client.is_silent());
}

TEST_P(DeliveryRestart, a_shared_subscription_loses_nothing_and_doubles_nothing) {
    constexpr int kMessages = 20;
    for (const auto* const name : {"one", "two"}) {
        PacketClient client(port());
        client.connect(name, false, kHour);
        client.subscribe({{.filter = "$share/group/a", .qos = 1}});
        client.disconnect();
    }
    std::vector<std::string> expected;
    std::vector<std::string> all;
    const auto drain = [&](std::string_view name) {
        PacketClient client(port());
        client.connect(name, false, kHour);
        while (const auto packet = client.next(std::chrono::milliseconds(200))) {
            if (packet->type == PacketType::publish) {
                all.push_back(packet->payload);
                client.answer(PacketType::puback, packet->packet_id);
            }
        }
        client.disconnect();
    };
    for (int i = 0; i < kMessages; ++i) {
        expected.push_back(std::to_string(i));
    }
    publish(expected);
    step();
    restart();
    drain("one");
    step();
    restart();
    publish({"x", "y"});
    drain("two");
    drain("one");
    expected.insert(expected.end(), {"x", "y"});
    EXPECT_THAT(all, testing::UnorderedElementsAreArray(expected));
}

INSTANTIATE_TEST_SUITE_P(Broker, DeliveryRestart, testing::Bool(),
        [](const auto& tested) { return tested.param ? "with_checkpoints" : "without"; });

}  // namespace
}  // namespace foz::broker
