// SPDX-License-Identifier: Apache-2.0
// Who gets what, how often and in which order, over real sockets.
#include <gmock/gmock.h>

#include "tests/broker/broker_fixture.h"
#include "tests/broker/packet_client.h"

namespace foz::broker {
namespace {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::ReasonCode;

class Delivery : public BrokerOverSockets {
  protected:
    void restart_with(const std::function<void(config::Limits&)>& change) {
        change(settings_.limits);
        restart();
    }
};

// [MQTT-3.8.4-6, MQTT-3.8.4-8]
TEST_F(Delivery, a_subscriber_gets_each_message_with_the_lower_qos) {
    for (std::uint8_t granted = 0; granted <= 2; ++granted) {
        PacketClient subscriber(port());
        subscriber.connect("subscriber");
        EXPECT_THAT(subscriber.subscribe({{.filter = "plant/+", .qos = granted}}).reasons,
                testing::ElementsAre(static_cast<ReasonCode>(granted)));
        PacketClient publisher(port());
        publisher.connect("publisher");
        for (std::uint8_t qos = 0; qos <= 2; ++qos) {
            publisher.publish({.topic = "plant/1",
                .payload = std::string(1, static_cast<char>('0' + qos)),
                .packet_id = qos,
                .qos = qos});
            const Received message = subscriber.message();
            EXPECT_EQ(message.topic, "plant/1");
            EXPECT_EQ(message.payload, std::string(1, static_cast<char>('0' + qos)));
            EXPECT_EQ(message.qos, std::min(qos, granted));
            EXPECT_FALSE(message.dup);
        }
    }
}

// [MQTT-4.3.3-1]
TEST_F(Delivery, qos_2_goes_through_its_four_packets) {
    PacketClient subscriber(port());
    subscriber.connect("subscriber", false, kHour);
    subscriber.subscribe({{.filter = "#", .qos = 2}});
    PacketClient publisher(port());
    publisher.connect("publisher");
    publisher.publish({.topic = "a", .payload = "1", .packet_id = 5, .qos = 2});
    const Received message = subscriber.message();
    EXPECT_EQ(message.qos, 2);
    subscriber.answer(PacketType::pubrec, message.packet_id);
    EXPECT_EQ(subscriber.expect(PacketType::pubrel).packet_id, message.packet_id);
    subscriber.answer(PacketType::pubcomp, message.packet_id);
    EXPECT_TRUE(subscriber.is_silent());
}

// [MQTT-3.3.5-1]
TEST_F(Delivery, filters_that_overlap_bring_a_message_once_with_the_highest_qos_and_all_ids) {
    PacketClient subscriber(port());
    subscriber.connect("subscriber");
    subscriber.subscribe({{.filter = "a/#", .qos = 0}}, 7);
    subscriber.subscribe({{.filter = "a/+", .qos = 1}}, 300);
    subscriber.subscribe({{.filter = "b", .qos = 1}}, 9);
    PacketClient publisher(port());
    publisher.connect("publisher");
    publisher.publish({.topic = "a/b", .packet_id = 1, .qos = 1});
    const Received message = subscriber.message();
    EXPECT_EQ(message.qos, 1);
    EXPECT_THAT(message.identifiers(), testing::UnorderedElementsAre(7, 300));
    EXPECT_TRUE(subscriber.is_silent());
}

// [MQTT-3.8.3-3]
TEST_F(Delivery, no_local_keeps_from_a_client_what_it_publishes_itself) {
    PacketClient client(port());
    client.connect("c");
    client.subscribe({{.filter = "a", .no_local = true}, {.filter = "b"}});
    client.publish({.topic = "a"});
    client.publish({.topic = "b"});
    EXPECT_EQ(client.message().topic, "b");
}

// [MQTT-3.3.1-12, MQTT-3.3.1-13]
TEST_F(Delivery, the_retain_flag_goes_along_where_it_is_wanted) {
    PacketClient as_published(port());
    as_published.connect("1");
    as_published.subscribe({{.filter = "a", .retain_as_published = true}});
    PacketClient other(port());
    other.connect("2");
    other.subscribe({{.filter = "a"}});
    PacketClient publisher(port());
    publisher.connect("publisher");
    publisher.publish({.topic = "a", .payload = "x", .retain = true});
    EXPECT_TRUE(as_published.message().retain);
    EXPECT_FALSE(other.message().retain);
}

// [MQTT-3.10.4-1, MQTT-3.11.3-1]
TEST_F(Delivery, unsubscribe_says_which_filters_there_were) {
    PacketClient client(port());
    client.connect("c");
    EXPECT_THAT(client.unsubscribe({"a"}).reasons,
            testing::ElementsAre(ReasonCode::no_subscription_existed));
    client.subscribe({{.filter = "a"}, {.filter = "b"}});
    EXPECT_THAT(client.unsubscribe({"a", "x", "a"}).reasons,
            testing::ElementsAre(ReasonCode::success, ReasonCode::no_subscription_existed,
                    ReasonCode::no_subscription_existed));
    client.publish({.topic = "a"});
    client.publish({.topic = "b"});
    EXPECT_EQ(client.message().topic, "b");
}

TEST_F(Delivery, all_properties_of_a_message_come_along_and_none_that_is_its_connections) {
    PacketClient subscriber(port());
    subscriber.connect("subscriber");
    subscriber.subscribe({{.filter = "a"}});
    PacketClient publisher(port());
    publisher.connect("publisher");
    mqtt::PropertyWriter sent;
    sent.add(PropertyId::payload_format_indicator, 1)
            .add(PropertyId::content_type, "text/plain")
            .add(PropertyId::response_topic, "answers/1")
            .add(PropertyId::correlation_data, std::string_view("\0\1", 2))
            .add_user("b", "1")
            .add_user("a", "2")
            .add_user("b", "1");
    mqtt::PropertyWriter with_alias = sent;
    with_alias.add(PropertyId::topic_alias, 1);
    publisher.publish({.topic = "a", .payload = "x", .properties = with_alias.properties()});
    EXPECT_EQ(subscriber.message().property_bytes, sent.properties().bytes());
}

// [MQTT-3.3.2-5, MQTT-3.3.2-6]
TEST_F(Delivery, a_message_waits_no_longer_than_its_expiry_interval) {
    PacketClient subscriber(port());
    subscriber.connect("subscriber");
    subscriber.subscribe({{.filter = "a", .qos = 1}});
    PacketClient publisher(port());
    publisher.connect("publisher");
    for (const std::uint32_t seconds : {0U, 1'000U}) {
        mqtt::PropertyWriter expiry;
        expiry.add(PropertyId::message_expiry_interval, seconds).add_user("k", "v");
        publisher.publish({.topic = "a",
            .payload = std::to_string(seconds),
            .packet_id = static_cast<std::uint16_t>(seconds + 1),
            .qos = 1,
            .properties = expiry.properties()});
    }
    const Received message = subscriber.message();
    EXPECT_EQ(message.payload, "1000");
    EXPECT_THAT(message.properties().number(PropertyId::message_expiry_interval),
            testing::Optional(testing::AllOf(testing::Gt(900U), testing::Le(1'000U))));
    EXPECT_EQ(message.properties().user_properties(), 1U);
}

// [MQTT-3.3.2-11, MQTT-3.3.2-12]
TEST_F(Delivery, topics_have_aliases_as_far_as_the_client_takes_them) {
    mqtt::PropertyWriter properties;
    properties.add(PropertyId::topic_alias_maximum, 1);
    PacketClient subscriber(port());
    subscriber.connect("subscriber", true, 0, properties);
    subscriber.subscribe({{.filter = "#", .qos = 1}});
    PacketClient publisher(port());
    publisher.connect("publisher");
    for (const auto* const topic : {"a", "a", "b", "a"}) {
        publisher.publish_durably(topic, "x");
    }
    std::vector<std::pair<std::string, std::uint32_t>> got;
    for (int i = 0; i < 4; ++i) {
        const Received message = subscriber.message();
        got.emplace_back(
                message.topic, message.properties().number(PropertyId::topic_alias).value_or(0));
    }
    EXPECT_THAT(got, testing::ElementsAre(testing::Pair("a", 1), testing::Pair("", 1),
                             testing::Pair("b", 0), testing::Pair("", 1)));
}

// [MQTT-3.3.4-9]
TEST_F(Delivery, no_more_is_sent_at_once_than_the_client_can_take) {
    mqtt::PropertyWriter properties;
    properties.add(PropertyId::receive_maximum, 2);
    PacketClient subscriber(port());
    subscriber.connect("subscriber", true, 0, properties);
    subscriber.subscribe({{.filter = "a", .qos = 2}});
    PacketClient publisher(port());
    publisher.connect("publisher");
    for (int i = 0; i < 5; ++i) {
        publisher.publish_durably("a", std::to_string(i));
    }
    const Received first = subscriber.message();
    const Received second = subscriber.message();
    EXPECT_TRUE(subscriber.is_silent());
    subscriber.answer(PacketType::puback, second.packet_id);
    EXPECT_EQ(subscriber.message().payload, "2");
    EXPECT_TRUE(subscriber.is_silent());
    subscriber.answer(PacketType::puback, first.packet_id);
    EXPECT_EQ(subscriber.message().payload, "3");
}

// [MQTT-3.1.2-25]
TEST_F(Delivery, a_message_that_is_too_large_for_a_client_is_left_out) {
    mqtt::PropertyWriter properties;
    properties.add(PropertyId::maximum_packet_size, 60);
    PacketClient subscriber(port());
    subscriber.connect("subscriber", true, 0, properties);
    subscriber.subscribe({{.filter = "a", .qos = 1}});
    PacketClient publisher(port());
    publisher.connect("publisher");
    publisher.publish({.topic = "a", .payload = std::string(100, 'x')});
    publisher.publish_durably("a", std::string(100, 'x'));
    publisher.publish_durably("a", "small");
    EXPECT_EQ(subscriber.message().payload, "small");
}

// [MQTT-4.4.0-1, MQTT-4.6.0-1, MQTT-3.1.2-5]
TEST_F(Delivery,
        a_kept_session_gets_what_was_published_meanwhile_and_again_what_it_did_not_answer) {
    std::uint16_t unanswered = 0;
    PacketClient publisher(port());
    publisher.connect("publisher");
    {
        PacketClient subscriber(port());
        EXPECT_FALSE(subscriber.connect("kept", false, kHour).session_present);
        subscriber.subscribe({{.filter = "a", .qos = 1}});
        publisher.publish_durably("a", "0");
        unanswered = subscriber.message().packet_id;
    }
    ASSERT_TRUE(wait_for_connections(1));
    for (int i = 1; i < 4; ++i) {
        publisher.publish_durably("a", std::to_string(i));
    }
    publisher.publish({.topic = "a", .payload = "QoS 0 is for those who are there"});
    ASSERT_TRUE(publisher.is_silent());
    PacketClient subscriber(port());
    EXPECT_TRUE(subscriber.connect("kept", false, kHour).session_present);
    for (int i = 0; i < 4; ++i) {
        const Received message = subscriber.message();
        EXPECT_EQ(message.payload, std::to_string(i));
        EXPECT_EQ(message.dup, i == 0);
        EXPECT_EQ(message.packet_id == unanswered, i == 0);
        subscriber.answer(PacketType::puback, message.packet_id);
    }
    publisher.publish_durably("a", "live");
    EXPECT_EQ(subscriber.message().payload, "live");
}

TEST_F(Delivery, a_clean_start_leaves_nothing_of_the_session_before) {
    PacketClient publisher(port());
    publisher.connect("publisher");
    {
        PacketClient subscriber(port());
        subscriber.connect("kept", false, kHour);
        subscriber.subscribe({{.filter = "a", .qos = 1}});
    }
    ASSERT_TRUE(wait_for_connections(1));
    publisher.publish_durably("a", "waits");
    PacketClient subscriber(port());
    EXPECT_FALSE(subscriber.connect("kept", true, kHour).session_present);
    subscriber.subscribe({{.filter = "b", .qos = 1}});
    publisher.publish_durably("a", "to nobody");
    publisher.publish_durably("b", "to it");
    EXPECT_EQ(subscriber.message().payload, "to it");
}

TEST_F(Delivery, a_session_that_has_too_many_messages_gives_up_the_oldest) {
    restart_with([](config::Limits& limits) { limits.session_messages = 3; });
    PacketClient publisher(port());
    publisher.connect("publisher");
    {
        PacketClient subscriber(port());
        subscriber.connect("kept", false, kHour);
        subscriber.subscribe({{.filter = "a", .qos = 1}});
    }
    ASSERT_TRUE(wait_for_connections(1));
    for (int i = 0; i < 5; ++i) {
        publisher.publish_durably("a", std::to_string(i));
    }
    PacketClient subscriber(port());
    subscriber.connect("kept", false, kHour);
    for (int i = 2; i < 5; ++i) {
        EXPECT_EQ(subscriber.message().payload, std::to_string(i));
    }
    EXPECT_TRUE(subscriber.is_silent());
}

TEST_F(Delivery, one_who_does_not_read_harms_only_itself) {
    restart_with([](config::Limits& limits) { limits.output_bytes = 64 << 10; });
    PacketClient slow(port());
    slow.connect("slow");
    slow.subscribe({{.filter = "a", .qos = 0}});
    PacketClient fast(port());
    fast.connect("fast");
    fast.subscribe({{.filter = "a", .qos = 0}});
    PacketClient publisher(port());
    publisher.connect("publisher");
    const std::string payload(8'000, 'x');
    constexpr int kMessages = 3'000;
    for (int i = 0; i < kMessages; ++i) {
        publisher.publish({.topic = "a", .payload = payload});
        ASSERT_EQ(fast.message().payload.size(), payload.size());
    }
    int got = 0;
    while (const auto packet = slow.next(std::chrono::milliseconds(200))) {
        ++got;
    }
    EXPECT_LT(got, kMessages);
    EXPECT_GT(got, 8);
}

// Were it not read from while it is written to, foz and it would wait for each other.
TEST_F(Delivery, a_client_that_publishes_more_than_it_reads_gets_it_all_in_the_end) {
    PacketClient client(port());
    client.connect("c");
    client.subscribe({{.filter = "a", .qos = 1}});
    const std::string payload(4'000, 'x');
    constexpr std::uint16_t kMessages = 900;  // within limits.in_flight
    for (std::uint16_t i = 1; i <= kMessages; ++i) {
        ASSERT_TRUE(client.publish({.topic = "a", .payload = payload, .packet_id = i, .qos = 1}));
    }
    int messages = 0;
    int acknowledgements = 0;
    while (messages < kMessages || acknowledgements < kMessages) {
        const auto packet = client.next();
        ASSERT_TRUE(packet);
        messages += packet->type == PacketType::publish ? 1 : 0;
        acknowledgements += packet->type == PacketType::puback ? 1 : 0;
        if (packet->type == PacketType::publish) {
            client.answer(PacketType::puback, packet->packet_id);
        }
    }
    EXPECT_TRUE(client.is_silent());
}

TEST_F(Delivery, the_order_of_a_publisher_is_kept_for_every_subscriber) {
    std::vector<std::unique_ptr<PacketClient>> subscribers;
    for (int i = 0; i < 4; ++i) {
        subscribers.push_back(std::make_unique<PacketClient>(port()));
        subscribers.back()->connect("subscriber-" + std::to_string(i));
        subscribers.back()->subscribe({{.filter = "a/#", .qos = 1}});
    }
    PacketClient publisher(port());
    publisher.connect("publisher");
    constexpr std::uint16_t kMessages = 500;
    for (std::uint16_t i = 1; i <= kMessages; ++i) {
        publisher.publish({.topic = i % 2 == 0 ? "a/even" : "a/odd",
            .payload = std::to_string(i),
            .packet_id = i,
            .qos = 1});
    }
    for (const auto& subscriber : subscribers) {
        for (int i = 1; i <= kMessages; ++i) {
            const Received message = subscriber->message();
            ASSERT_EQ(message.payload, std::to_string(i));
            subscriber->answer(PacketType::puback, message.packet_id);
        }
    }
}

/// What a new subscriber gets for `filter`, until nothing more comes.
std::vector<Received> retained_for(std::uint16_t port, mqtt::Subscription subscription) {
    PacketClient client(port);
    client.connect("late");
    client.subscribe({subscription});
    std::vector<Received> messages;
    std::string ping;
    mqtt::append_pingreq(ping);
    client.raw().send(ping);
    while (auto packet = client.next()) {
        if (packet->type == PacketType::pingresp) {
            break;
        }
        messages.push_back(*std::move(packet));
    }
    client.disconnect();
    return messages;
}

// [MQTT-3.3.1-5, MQTT-3.3.1-6, MQTT-3.3.1-8, MQTT-3.3.1-12]
TEST_F(Delivery, a_new_subscriber_gets_the_retained_messages) {
    PacketClient publisher(port());
    publisher.connect("publisher");
    const auto publish = [&](std::string_view topic, std::string_view payload, bool retain) {
        publisher.publish(
                {.topic = topic, .payload = payload, .packet_id = 9, .qos = 1, .retain = retain});
        publisher.expect(PacketType::puback);
    };
    publish("a/1", "old", true);
    publish("a/1", "new", true);
    publish("a/1", "live", false);
    publish("a/2", "gone", true);
    publish("a/2", "", true);
    publish("a", "parent", true);
    publish("b", "other", true);
    publish("$x/a", "hidden", true);
    const auto payloads = [&](const std::vector<Received>& messages) {
        std::vector<std::string> all;
        for (const Received& message : messages) {
            EXPECT_TRUE(message.retain);
            all.push_back(message.payload);
        }
        return all;
    };
    EXPECT_THAT(payloads(retained_for(port(), {.filter = "a/1"})), testing::ElementsAre("new"));
    EXPECT_THAT(payloads(retained_for(port(), {.filter = "a/#"})),
            testing::UnorderedElementsAre("new", "parent"));
    EXPECT_THAT(payloads(retained_for(port(), {.filter = "+"})),
            testing::UnorderedElementsAre("parent", "other"));
    EXPECT_THAT(payloads(retained_for(port(), {.filter = "#"})),
            testing::UnorderedElementsAre("new", "parent", "other"));
    EXPECT_THAT(payloads(retained_for(port(), {.filter = "a/+"})), testing::ElementsAre("new"));
    EXPECT_THAT(payloads(retained_for(port(), {.filter = "a/2"})), testing::IsEmpty());
    const auto with_qos = retained_for(port(), {.filter = "a/1", .qos = 2});
    ASSERT_EQ(with_qos.size(), 1U);
    EXPECT_EQ(with_qos[0].qos, 1);
}

// [MQTT-3.3.1-9, MQTT-3.3.1-10, MQTT-3.3.1-11]
TEST_F(Delivery, a_subscriber_says_when_it_wants_the_retained_messages) {
    PacketClient client(port());
    client.connect("c");
    client.publish({.topic = "a", .payload = "x", .packet_id = 1, .qos = 1, .retain = true});
    client.expect(PacketType::puback);
    client.subscribe({{.filter = "a", .retain_handling = 2}});
    EXPECT_TRUE(client.is_silent());
    client.subscribe({{.filter = "a", .retain_handling = 1}});
    EXPECT_TRUE(client.is_silent());
    client.unsubscribe({"a"});
    client.subscribe({{.filter = "a", .retain_handling = 1}});
    EXPECT_EQ(client.message().payload, "x");
    client.subscribe({{.filter = "a", .retain_handling = 0}});
    EXPECT_EQ(client.message().payload, "x");
    EXPECT_TRUE(client.is_silent());
}

TEST_F(Delivery, ten_thousand_retained_messages_come_to_one_who_wants_them_all) {
    PacketClient publisher(port());
    publisher.connect("publisher");
    constexpr int kTopics = 10'000;
    const std::string payload(200, 'x');
    for (int i = 0; i < kTopics; ++i) {
        publisher.publish({.topic = "a/" + std::to_string(i), .payload = payload, .retain = true});
    }
    publisher.publish_durably("last", "");
    EXPECT_EQ(retained_for(port(), {.filter = "a/+"}).size(), std::size_t{kTopics});
}

// [MQTT-4.8.2-4, MQTT-4.8.2-5]
TEST_F(Delivery, members_of_a_shared_subscription_get_each_message_once_in_turn) {
    PacketClient first(port());
    first.connect("first");
    first.subscribe({{.filter = "$share/group/a/+", .qos = 1}});
    PacketClient second(port());
    second.connect("second", false, kHour);
    EXPECT_THAT(second.subscribe({{.filter = "$share/group/a/+", .qos = 1}}).reasons,
            testing::ElementsAre(ReasonCode::granted_qos_1));
    PacketClient other(port());
    other.connect("other");
    other.subscribe({{.filter = "a/#", .qos = 1}});
    PacketClient publisher(port());
    publisher.connect("publisher");
    for (int i = 0; i < 10; ++i) {
        publisher.publish_durably("a/b", std::to_string(i));
        EXPECT_EQ(other.message().payload, std::to_string(i));
    }
    std::vector<std::string> all;
    for (PacketClient* const member : {&first, &second}) {
        for (int i = 0; i < 5; ++i) {
            all.push_back(member->message().payload);
        }
        EXPECT_TRUE(member->is_silent());
    }
    std::ranges::sort(all);
    EXPECT_THAT(all, testing::ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
    EXPECT_THAT(second.unsubscribe({"$share/group/a/+", "$share/x/a/+"}).reasons,
            testing::ElementsAre(ReasonCode::success, ReasonCode::no_subscription_existed));
}

TEST_F(Delivery, what_a_member_has_not_answered_goes_to_the_others_in_order) {
    PacketClient stays(port());
    stays.connect("stays");
    stays.subscribe({{.filter = "$share/group/a", .qos = 1}});
    PacketClient publisher(port());
    publisher.connect("publisher");
    std::vector<std::string> expected;
    {
        PacketClient leaves(port());
        leaves.connect("leaves");
        leaves.subscribe({{.filter = "$share/group/a", .qos = 1}});
        for (int i = 0; i < 6; ++i) {
            publisher.publish_durably("a", std::to_string(i));
        }
        for (int i = 0; i < 3; ++i) {
            const Received message = leaves.message();
            if (i == 0) {
                leaves.answer(PacketType::puback, message.packet_id);
            } else {
                expected.push_back(message.payload);
            }
        }
        for (int i = 0; i < 3; ++i) {
            (void)stays.message();
        }
        EXPECT_TRUE(leaves.is_silent());
    }
    for (const std::string& payload : expected) {
        EXPECT_EQ(stays.message().payload, payload);
    }
    EXPECT_TRUE(stays.is_silent());
}

// [MQTT-3.8.4-4]
TEST_F(Delivery, a_shared_subscription_brings_no_retained_messages) {
    PacketClient client(port());
    client.connect("c");
    client.publish({.topic = "a", .payload = "x", .packet_id = 1, .qos = 1, .retain = true});
    client.expect(PacketType::puback);
    client.subscribe({{.filter = "$share/group/a", .qos = 1}});
    EXPECT_TRUE(client.is_silent());
}

TEST_F(Delivery, the_broker_tells_of_itself_under_sys) {
    PacketClient client(port());
    client.connect("c");
    client.subscribe({{.filter = "$SYS/broker/version"}});
    const Received version = client.message();
    EXPECT_THAT(version.payload, testing::StartsWith("foz "));
    EXPECT_TRUE(version.retain);
    EXPECT_GT(retained_for(port(), {.filter = "$SYS/#"}).size(), 8U);
    client.subscribe({{.filter = "#"}});
    EXPECT_TRUE(client.is_silent());
}

}  // namespace
}  // namespace foz::broker
