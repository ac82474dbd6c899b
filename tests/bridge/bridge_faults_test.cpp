// SPDX-License-Identifier: Apache-2.0
// What arrives of a bridge when its remote is away, connections are cut and foz crashes.
#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "bridge/bridge_cursor.h"
#include "state/bridge_progress.h"
#include "tests/bridge/bridge_rig.h"
#include "tests/support/tcp_proxy.h"
#include "tests/support/wait_until.h"

namespace foz::bridge {
namespace {

using support::MosquittoBroker;
using support::wait_until;
using Lines = std::vector<std::string>;

/// Of Mosquitto: it gives a subscriber all that it has, however much is on its way.
constexpr const char* kUnlimited = "max_queued_messages 0\nmax_inflight_messages 0\n";

std::vector<std::size_t> numbers(const Lines& lines) {
    std::vector<std::size_t> found;
    for (const std::string& line : lines) {
        const std::size_t payload = line.find('|') + 1;
        found.push_back(std::stoul(line.substr(payload, line.find('|', payload) - payload)));
    }
    return found;
}

using MissingAndRepeated = std::pair<std::size_t, std::size_t>;

/// What is missing of 0 to count - 1, and what is there twice.
MissingAndRepeated missing_and_repeated(const Lines& lines, std::size_t count) {
    std::vector<std::size_t> times(count);
    for (const std::size_t number : numbers(lines)) {
        ++times.at(number);
    }
    const auto missing = std::ranges::count(times, std::size_t{0});
    return {static_cast<std::size_t>(missing), lines.size() + missing - count};
}

/// Carries messages while connections are cut and foz crashes in turn, until none is missing.
MissingAndRepeated carry_through_faults(std::uint8_t qos, const char* version) {
    MosquittoBroker mosquitto({.persistence = false, .configuration = kUnlimited});
    mosquitto.start();
    support::TcpProxy proxy(mosquitto.port());
    const Subscriber subscriber(mosquitto.port(), "t");
    BridgeRig rig({"t out " + std::to_string(qos)}, proxy.port());
    rig.settings().in_flight = 200;
    rig.settings().remote.version = version;
    rig.start();
    constexpr std::size_t kRounds = 8;
    constexpr std::size_t kEach = 1'000;
    for (std::size_t round = 0; round < kRounds; ++round) {
        rig.publish_many("t", round * kEach, kEach, qos);
        const std::uint64_t sent = rig.status().sent;
        EXPECT_TRUE(wait_until([&] { return rig.status().sent > sent + 100; }));
        if (round % 2 == 0) {
            proxy.cut_all();
        } else {
            rig.crash();
            rig.start();
        }
    }
    EXPECT_TRUE(rig.catches_up());
    MissingAndRepeated found;
    EXPECT_TRUE(wait_until([&] {
        found = missing_and_repeated(subscriber.lines(), kRounds * kEach);
        return found.first == 0;
    }));
    return found;
}

TEST(Bridge, sends_what_came_while_the_other_broker_was_away) {
    MosquittoBroker mosquitto({.persistence = true, .configuration = kUnlimited});
    mosquitto.start();
    const Subscriber subscriber(mosquitto.port(), "t");
    BridgeRig rig({"t out 1"}, mosquitto.port());
    rig.start();
    ASSERT_TRUE(rig.connected());
    rig.publish_many("t", 0, 1'000, 1);
    mosquitto.stop();
    rig.publish_many("t", 1'000, 1'000, 1);
    mosquitto.start();
    EXPECT_TRUE(
            wait_until([&] { return missing_and_repeated(subscriber.lines(), 2'000).first == 0; }));
    EXPECT_TRUE(rig.catches_up());
    // The order within the topic, repetitions left aside.
    std::vector<std::size_t> order;
    for (const std::size_t number : numbers(subscriber.lines())) {
        if (std::ranges::find(order, number) == order.end()) {
            order.push_back(number);
        }
    }
    EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST(Bridge, delivers_exactly_once_at_qos_2_when_connections_are_cut_and_it_crashes) {
    for (const char* version : {"3.1.1", "5"}) {
        EXPECT_EQ(carry_through_faults(2, version), (MissingAndRepeated{0, 0})) << version;
    }
}

// The same faults repeat messages where nothing prevents it: that none was repeated above is not
// for want of faults.
TEST(Bridge, loses_nothing_and_repeats_messages_at_qos_1_under_the_same_faults) {
    for (const char* version : {"3.1.1", "5"}) {
        const auto [missing, repeated] = carry_through_faults(1, version);
        EXPECT_EQ(missing, 0U) << version;
        EXPECT_GT(repeated, 0U) << version;
    }
}

// What QoS 2 stands on across a crash: were it not in the state database, all would come again.
TEST(Bridge, repeats_everything_at_qos_2_when_what_it_saved_is_taken_back) {
    MosquittoBroker mosquitto({.persistence = false, .configuration = kUnlimited});
    mosquitto.start();
    const Subscriber subscriber(mosquitto.port(), "t");
    BridgeRig rig({"t out 2"}, mosquitto.port());
    rig.start();
    const std::string journal = rig.journal().status().id;
    const auto saved = state::load_bridge_progress(rig.state(), journal, "test")
                               .value()
                               .value_or(state::BridgeProgress());
    ASSERT_FALSE(saved.terms.empty());
    constexpr std::size_t kMessages = 100;
    rig.publish_many("t", 0, kMessages, 2);
    ASSERT_TRUE(subscriber.gets(kMessages)) << "so their exchanges are over at Mosquitto";
    ASSERT_TRUE(rig.catches_up());

    rig.crash();
    rig.start();
    ASSERT_TRUE(rig.connected());
    EXPECT_TRUE(rig.catches_up());
    EXPECT_EQ(missing_and_repeated(subscriber.lines(), kMessages), (MissingAndRepeated{0, 0}));

    rig.crash();
    ASSERT_TRUE(state::save_bridge_progress(rig.state(), journal, "test", saved));
    rig.journal().remove_cursor(BridgeCursor::name_for("test"));
    rig.start();
    ASSERT_TRUE(subscriber.gets(2 * kMessages));
    EXPECT_EQ(missing_and_repeated(subscriber.lines(), kMessages),
            (MissingAndRepeated{0, kMessages}));
}

}  // namespace
}  // namespace foz::bridge
