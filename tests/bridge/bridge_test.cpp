// SPDX-License-Identifier: Apache-2.0
// The bridge with a real Mosquitto at its other end.
#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "state/dead_letters.h"
#include "tests/bridge/bridge_rig.h"

namespace foz::bridge {
namespace {

using foz::mqtt::PropertyId;
using support::MosquittoBroker;
using Lines = std::vector<std::string>;

TEST(Bridge, carries_messages_out_under_their_remote_names_at_the_lower_qos) {
    MosquittoBroker mosquitto;
    mosquitto.start();
    const Subscriber subscriber(mosquitto.port(), "#");
    BridgeRig rig(
            {"a/# out 1 local/ remote/", "# out 2 exact/ \"\"", "zero/# out"}, mosquitto.port());
    rig.start();
    ASSERT_TRUE(rig.connected());
    for (const std::uint8_t qos : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}}) {
        rig.publish("local/a/x", "one", qos);
        rig.publish("exact/b", "two", qos);
        rig.publish("zero/c", "zero", qos);
        rig.publish("elsewhere", "stays", qos);
    }
    ASSERT_TRUE(subscriber.gets(9));
    Lines lines = subscriber.lines();
    std::ranges::sort(lines);
    EXPECT_EQ(lines, (Lines{
                         "b|two|0|0",
                         "b|two|1|0",
                         "b|two|2|0",
                         "remote/a/x|one|0|0",
                         "remote/a/x|one|1|0",
                         "remote/a/x|one|1|0",
                         "zero/c|zero|0|0",
                         "zero/c|zero|0|0",
                         "zero/c|zero|0|0",
                     }));
    EXPECT_TRUE(rig.catches_up());
    EXPECT_EQ(rig.status().sent, 9U);
}

TEST(Bridge, carries_messages_in_under_their_local_names) {
    for (const char* version : {"3.1.1", "5"}) {
        MosquittoBroker mosquitto;
        mosquitto.start();
        BridgeRig rig({"a/# in 2 local/ remote/"}, mosquitto.port());
        rig.settings().remote.version = version;
        rig.start();
        ASSERT_TRUE(rig.connected());
        for (const char* qos : {"0", "1", "2"}) {
            publish_by_mosquitto(mosquitto.port(), "remote/a/b", qos, {"-q", qos});
        }
        publish_by_mosquitto(mosquitto.port(), "elsewhere", "stays");
        ASSERT_TRUE(rig.receives(3));
        EXPECT_EQ(rig.received(), (Lines{"local/a/b|0|0|0", "local/a/b|1|1|0", "local/a/b|2|2|0"}));
        EXPECT_EQ(rig.status().received, 3U);
    }
}

TEST(Bridge, makes_no_loop_of_a_topic_that_is_shared_in_both_directions) {
    for (const char* version : {"3.1.1", "5"}) {
        MosquittoBroker mosquitto;
        mosquitto.start();
        const Subscriber subscriber(mosquitto.port(), "shared/#");
        BridgeRig rig({"shared/# both 1"}, mosquitto.port());
        rig.settings().remote.version = version;
        rig.start();
        ASSERT_TRUE(rig.connected());
        rig.publish("shared/a", "from foz");
        ASSERT_TRUE(subscriber.gets(1));
        publish_by_mosquitto(mosquitto.port(), "shared/b", "from there");
        ASSERT_TRUE(rig.receives(1));
        rig.publish("shared/c", "last");
        ASSERT_TRUE(subscriber.gets(3));
        EXPECT_TRUE(rig.catches_up());
        EXPECT_EQ(rig.received(), Lines{"shared/b|from there|1|0"}) << version;
        EXPECT_EQ(subscriber.lines(),
                (Lines{"shared/a|from foz|1|0", "shared/b|from there|1|0", "shared/c|last|1|0"}));
    }
}

TEST(Bridge, keeps_the_retained_flag_in_both_directions) {
    for (const char* version : {"3.1.1", "5"}) {
        MosquittoBroker mosquitto;
        mosquitto.start();
        publish_by_mosquitto(mosquitto.port(), "in/state", "old", {"-q", "1", "-r"});
        BridgeRig rig({"out/# out 1", "in/# in 1"}, mosquitto.port());
        rig.settings().remote.version = version;
        rig.start();
        ASSERT_TRUE(rig.receives(1));
        publish_by_mosquitto(mosquitto.port(), "in/state", "new", {"-q", "1", "-r"});
        publish_by_mosquitto(mosquitto.port(), "in/event", "once");
        rig.append({.topic = "out/state",
            .payload = "kept",
            .client_id = "device",
            .received = real_clock().system_now(),
            .qos = 1,
            .retain = true,
            .properties = {}});
        ASSERT_TRUE(rig.receives(3));
        EXPECT_TRUE(rig.catches_up());
        EXPECT_EQ(rig.received(),
                (Lines{"in/state|old|1|1", "in/state|new|1|1", "in/event|once|1|0"}))
                << version;
        const Subscriber late(mosquitto.port(), "out/#");
        ASSERT_TRUE(late.gets(1));
        EXPECT_EQ(late.lines(), Lines{"out/state|kept|1|1"});
    }
}

TEST(Bridge, passes_the_properties_on_with_what_is_left_of_the_expiry) {
    MosquittoBroker mosquitto;
    mosquitto.start();
    const Subscriber subscriber(
            mosquitto.port(), "#", {"-V", "5", "-x", "3600", "-F", "%t|%E|%C|%P"});
    BridgeRig rig({"# out 1"}, mosquitto.port());
    rig.start();
    ASSERT_TRUE(rig.connected());
    foz::mqtt::PropertyWriter properties;
    properties.add(PropertyId::message_expiry_interval, 100);
    properties.add(PropertyId::content_type, "text");
    properties.add_user("name", "value");
    const auto publish = [&](std::string_view topic, std::chrono::seconds age) {
        rig.append({.topic = topic,
            .payload = "x",
            .client_id = "device",
            .received = real_clock().system_now() - age,
            .qos = 1,
            .properties = properties.properties().bytes()});
    };
    publish("young", std::chrono::seconds(40));
    publish("over", std::chrono::seconds(100));
    publish("younger", std::chrono::seconds(10));
    ASSERT_TRUE(subscriber.gets(2));
    EXPECT_TRUE(rig.catches_up());
    const Lines lines = subscriber.lines();
    ASSERT_EQ(lines.size(), 2U);
    // A second or two may have gone by meanwhile.
    const auto is = [](const std::string& line, std::string_view topic, unsigned left) {
        for (unsigned late = 0; late < 3; ++late) {
            if (line == fmt::format("{}|{}|text|name:value", topic, left - late)) {
                return true;
            }
        }
        return false;
    };
    EXPECT_TRUE(is(lines[0], "young", 60)) << lines[0];
    EXPECT_TRUE(is(lines[1], "younger", 90)) << lines[1];
    EXPECT_EQ(rig.status().expired, 1U);
    EXPECT_EQ(rig.status().sent, 2U);
}

TEST(Bridge, says_on_the_notification_topic_whether_it_is_there) {
    MosquittoBroker mosquitto;
    mosquitto.start();
    const Subscriber subscriber(mosquitto.port(), "bridge/state");
    BridgeRig rig({"# out 1"}, mosquitto.port());
    rig.settings().notification_topic = "bridge/state";
    rig.start();
    ASSERT_TRUE(subscriber.gets(1));
    rig.crash();
    ASSERT_TRUE(subscriber.gets(2)) << "by the will";
    rig.start();
    ASSERT_TRUE(subscriber.gets(3));
    rig.drain();
    ASSERT_TRUE(subscriber.gets(4));
    EXPECT_EQ(subscriber.lines(), (Lines{"bridge/state|1|0|0", "bridge/state|0|1|0",
                                      "bridge/state|1|0|0", "bridge/state|0|0|0"}));
    const Subscriber late(mosquitto.port(), "bridge/state");
    ASSERT_TRUE(late.gets(1));
    EXPECT_EQ(late.lines(), Lines{"bridge/state|0|0|1"});
}

TEST(Bridge, makes_a_dead_letter_of_what_the_other_broker_can_never_take) {
    MosquittoBroker mosquitto({.persistence = false, .configuration = "max_packet_size 1000"});
    mosquitto.start();
    const Subscriber subscriber(mosquitto.port(), "#");
    BridgeRig rig({"# out 1"}, mosquitto.port());
    rig.start();
    ASSERT_TRUE(rig.connected());
    rig.publish("a", "before");
    const journal::Position large = rig.publish("large", std::string(1'000, 'x'));
    rig.publish("a", "after");
    ASSERT_TRUE(subscriber.gets(2));
    EXPECT_EQ(subscriber.lines(), (Lines{"a|before|1|0", "a|after|1|0"}));
    EXPECT_TRUE(rig.catches_up());
    EXPECT_EQ(rig.status().refused, 1U);
    std::vector<state::DeadLetter> letters;
    const auto listed = state::for_each_letter(rig.state(), {}, [&](const auto& letter) {
        letters.push_back(letter);
        return true;
    });
    ASSERT_TRUE(listed);
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters[0].position, large);
    EXPECT_EQ(letters[0].topic, "large");
    EXPECT_EQ(letters[0].payload.size(), 1'000U);
    EXPECT_EQ(letters[0].database, "bridge test");
    EXPECT_NE(letters[0].reason.find("Maximum Packet Size"), std::string::npos);
}

}  // namespace
}  // namespace foz::bridge
