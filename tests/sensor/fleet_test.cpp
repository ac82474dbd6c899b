// SPDX-License-Identifier: Apache-2.0
// Sensors against a real Mosquitto, with mosquitto_sub as the witness.
#include "sensor/fleet.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/child_process.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/tcp_proxy.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace foz::sensor {
namespace {

using mqtt::ProtocolVersion;
using support::wait_until;

std::vector<std::string> lines_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    return lines;
}

std::set<std::string> distinct(const std::vector<std::string>& lines) {
    return {lines.begin(), lines.end()};
}

class FleetTest : public testing::Test {
  protected:
    void SetUp() override { broker_.start(); }

    Options options_for(std::uint32_t count, std::uint32_t messages) {
        Options options;
        options.broker.port = broker_.port();
        options.count = count;
        options.messages_max = messages;
        options.interval = std::chrono::nanoseconds(0);
        options.topic = "sensors/{n}";
        options.payload = "esp32-{n} {sequence}";
        options.record = record();
        return options;
    }

    std::filesystem::path record() { return directory_ / "record"; }
    std::filesystem::path witnessed() { return directory_ / "witnessed"; }

    /// Writes down every message from now on. With a session, also those that come while it is
    /// away.
    void start_witness() {
        witness_.emplace(support::ChildOptions{
            .command = {"mosquitto_sub", "-p", std::to_string(broker_.port()), "-t", "sensors/#",
                "-q", "2", "-i", "witness", "-c"},
            .user = {},
            .output = witnessed(),
        });
        ASSERT_TRUE(wait_until([&] {
            return broker_.log().find("Sending SUBACK to witness") != std::string::npos;
        })) << broker_.log();
    }

    support::MosquittoBroker broker_{{
        .persistence = true,
        .configuration = "log_type all\nmax_inflight_messages 0\nmax_queued_messages 0\n"
                         "autosave_interval 1\nautosave_on_changes true\n",
    }};
    support::TemporaryDirectory directory_;
    std::optional<support::ChildProcess> witness_;
};

class FleetOfEveryKind : public FleetTest,
                         public testing::WithParamInterface<std::tuple<int, ProtocolVersion>> {};

TEST_P(FleetOfEveryKind, publishes_every_reading_once) {
    start_witness();
    Options options = options_for(3, 50);
    options.qos = static_cast<std::uint8_t>(std::get<0>(GetParam()));
    options.version = std::get<1>(GetParam());
    Fleet fleet(options);
    ASSERT_TRUE(fleet.start());
    ASSERT_TRUE(wait_until([&] { return fleet.progress().finished; }));
    const Summary summary = fleet.wait();
    EXPECT_EQ(summary.statistics.sent, 150U);
    EXPECT_EQ(summary.statistics.unacknowledged, 0U);
    EXPECT_EQ(summary.statistics.connections, 3U);
    EXPECT_TRUE(wait_until([&] { return lines_of(witnessed()).size() >= 150; }));
    const auto lines = lines_of(witnessed());
    EXPECT_EQ(lines.size(), 150U);
    EXPECT_EQ(distinct(lines).size(), 150U);
    if (options.qos > 0) {
        EXPECT_EQ(summary.statistics.acknowledged, 150U);
        EXPECT_EQ(summary.statistics.latency.count(), 150U);
        EXPECT_EQ(distinct(lines_of(record())), distinct(lines));
    }
}

INSTANTIATE_TEST_SUITE_P(Qos, FleetOfEveryKind,
        testing::Combine(
                testing::Values(0, 1, 2), testing::Values(ProtocolVersion::v3_1,
                                                  ProtocolVersion::v3_1_1, ProtocolVersion::v5)),
        [](const auto& kind) {
            std::string version(mqtt::version_name(std::get<1>(kind.param)));
            std::ranges::replace(version, '.', '_');
            return "qos_" + std::to_string(std::get<0>(kind.param)) + "_version_" + version;
        });

TEST_F(FleetTest, sends_what_was_not_acknowledged_again_after_the_broker_was_killed) {
    Options options = options_for(2, 3000);
    options.interval = std::chrono::milliseconds(1);
    options.version = ProtocolVersion::v5;
    Fleet fleet(options);
    ASSERT_TRUE(fleet.start());
    for (int kill = 1; kill <= 3; ++kill) {
        const auto enough = static_cast<std::uint64_t>(kill) * 500;
        ASSERT_TRUE(wait_until([&] { return fleet.progress().acknowledged > enough; }));
        broker_.kill_9();
        ASSERT_TRUE(wait_until([&] { return fleet.progress().connected == 0; }));
        broker_.start();
    }
    ASSERT_TRUE(wait_until([&] { return fleet.progress().finished; }));
    const Summary summary = fleet.wait();
    EXPECT_EQ(summary.statistics.sent, 6000U);
    EXPECT_EQ(summary.statistics.acknowledged, 6000U);
    EXPECT_EQ(summary.statistics.unacknowledged, 0U);
    EXPECT_GE(summary.statistics.reconnections, 2U);
    const auto lines = lines_of(record());
    EXPECT_EQ(lines.size(), 6000U);
    EXPECT_EQ(distinct(lines).size(), 6000U);
}

TEST_F(FleetTest, publishes_qos_2_readings_once_over_many_cut_connections) {
    start_witness();
    support::TcpProxy proxy(broker_.port());
    Options options = options_for(1, 2000);
    options.broker.port = proxy.port();
    options.qos = 2;
    options.interval = std::chrono::microseconds(500);
    Fleet fleet(options);
    ASSERT_TRUE(fleet.start());
    for (int cut = 1; cut <= 5; ++cut) {
        const auto enough = static_cast<std::uint64_t>(cut) * 300;
        ASSERT_TRUE(wait_until([&] { return fleet.progress().acknowledged > enough; }));
        proxy.cut_all();
    }
    ASSERT_TRUE(wait_until([&] { return fleet.progress().finished; }));
    const Summary summary = fleet.wait();
    EXPECT_EQ(summary.statistics.acknowledged, 2000U);
    EXPECT_GE(summary.statistics.reconnections, 5U);
    EXPECT_TRUE(wait_until([&] { return lines_of(witnessed()).size() >= 2000; }));
    EXPECT_EQ(lines_of(witnessed()).size(), 2000U);
    EXPECT_EQ(distinct(lines_of(witnessed())).size(), 2000U);
}

TEST_F(FleetTest, stops_when_it_is_told_to_and_waits_for_acknowledgements) {
    Options options = options_for(5, 0);
    Fleet fleet(options);
    ASSERT_TRUE(fleet.start());
    ASSERT_TRUE(wait_until([&] { return fleet.progress().acknowledged > 1000; }));
    fleet.stop();
    ASSERT_TRUE(wait_until([&] { return fleet.progress().finished; }));
    const Summary summary = fleet.wait();
    EXPECT_EQ(summary.statistics.sent, summary.statistics.acknowledged);
}

TEST_F(FleetTest, says_how_many_readings_are_unacknowledged_when_the_broker_is_gone) {
    Options options = options_for(1, 0);
    options.drain = std::chrono::milliseconds(50);
    Fleet fleet(options);
    ASSERT_TRUE(fleet.start());
    ASSERT_TRUE(wait_until([&] { return fleet.progress().acknowledged > 100; }));
    broker_.kill_9();
    fleet.stop();
    ASSERT_TRUE(wait_until([&] { return fleet.progress().finished; }));
    const Summary summary = fleet.wait();
    EXPECT_EQ(summary.statistics.sent,
            summary.statistics.acknowledged + summary.statistics.unacknowledged);
}

TEST_F(FleetTest, holds_idle_connections_open_and_publishes_nothing) {
    Options options = options_for(200, 0);
    options.idle = true;
    options.threads = 2;
    Fleet fleet(options);
    ASSERT_TRUE(fleet.start());
    ASSERT_TRUE(wait_until([&] { return fleet.progress().connected == 200; }));
    fleet.stop();
    EXPECT_EQ(fleet.wait().statistics.sent, 0U);
}

TEST_F(FleetTest, publishes_at_the_rate_that_was_asked_for) {
    Options options = options_for(10, 0);
    options.interval = std::chrono::milliseconds(10);
    options.duration = std::chrono::seconds(1);
    options.together = true;
    Fleet fleet(options);
    ASSERT_TRUE(fleet.start());
    const Summary summary = fleet.wait();
    // Every reading that was due in that second, however late the machine was.
    EXPECT_GE(summary.statistics.sent, 950U);
    EXPECT_LE(summary.statistics.sent, 1010U);
}

}  // namespace
}  // namespace foz::sensor
