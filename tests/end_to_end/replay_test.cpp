// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"

namespace foz::end_to_end {
namespace {

const std::string kSecondRoute = R"(
[[route]]
name = "raw"
topic = "#"
table = "raw"
[route.columns]
topic = { message = "topic" }
payload = { message = "payload", type = "text" }
)";

class Replay : public testing::Test {
  protected:
    void store_ten(const std::string& routes) {
        foz_.configure(routes);
        foz_.start();
        for (int i = 0; i < 10; ++i) {
            foz_.publish("sensors/a", reading(i, fmt::format("2022-08-01 10:00:0{}", i)));
        }
        ASSERT_EQ(foz_.stop(), 0) << foz_.log();
    }
    void expect_balance() {
        const Outcome verified = foz_.run_configured({"verify"});
        EXPECT_EQ(verified.exit_code, 0) << verified;
    }

    FozUnderTest foz_;
};

TEST_F(Replay, WithAKeyNothingIsDoubledAndTheLedgerBalances) {
    store_ten(kReadings);
    const Outcome replayed = foz_.run_configured({"replay", "--from", "0"});
    EXPECT_EQ(replayed.exit_code, 0) << replayed;
    EXPECT_TRUE(replayed.says("0 stored, 10 duplicate")) << replayed;
    EXPECT_EQ(foz_.query("SELECT count(*) FROM readings"), "10");
    expect_balance();
}

TEST_F(Replay, BringsBackWhatWasDeleted) {
    store_ten(kReadings);
    ASSERT_EQ(foz_.query("DELETE FROM readings WHERE temp >= 7"), "");
    const Outcome replayed = foz_.run_configured({"replay", "--from", "5"});
    EXPECT_TRUE(replayed.says("3 stored, 2 duplicate")) << replayed;
    EXPECT_EQ(foz_.query("SELECT count(*) FROM readings"), "10");
}

TEST_F(Replay, ASecondTimeItWritesNothingUntilItHasAnotherName) {
    store_ten(kSecondRoute);
    const Outcome first = foz_.run_configured({"replay", "--from", "4"});
    EXPECT_TRUE(first.says("6 stored")) << first;
    EXPECT_EQ(foz_.query("SELECT count(*) FROM raw"), "16");
    const Outcome again = foz_.run_configured({"replay", "--from", "4"});
    EXPECT_EQ(again.exit_code, 0) << again;
    EXPECT_TRUE(again.says("--name")) << again;
    EXPECT_EQ(foz_.query("SELECT count(*) FROM raw"), "16");
    const Outcome named = foz_.run_configured({"replay", "--from", "4", "--name", "monday"});
    EXPECT_EQ(named.exit_code, 0) << named;
    EXPECT_EQ(foz_.query("SELECT count(*) FROM raw"), "22");
    expect_balance();
}

TEST_F(Replay, FromATimeTakesWhatWasReceivedSince) {
    store_ten(kSecondRoute);
    const Outcome all = foz_.run_configured({"replay", "--from", "2020-01-01", "--name", "a"});
    EXPECT_TRUE(all.says("10 stored")) << all;
    const Outcome none =
            foz_.run_configured({"replay", "--from", "2100-01-01T00:00:00Z", "--name", "b"});
    EXPECT_EQ(none.exit_code, 0) << none;
    EXPECT_EQ(foz_.query("SELECT count(*) FROM raw"), "20");
    expect_balance();
}

TEST_F(Replay, ToEndsBeforeThatPosition) {
    store_ten(kSecondRoute);
    const Outcome replayed = foz_.run_configured({"replay", "--from", "2", "--to", "5"});
    EXPECT_TRUE(replayed.says("3 stored")) << replayed;
    EXPECT_EQ(foz_.query("SELECT count(*) FROM raw"), "13");
    expect_balance();
}

TEST_F(Replay, OfOneRouteLeavesTheOthersAlone) {
    store_ten(kReadings + kSecondRoute);
    const Outcome replayed = foz_.run_configured({"replay", "--from", "0", "--route", "raw"});
    EXPECT_EQ(replayed.exit_code, 0) << replayed;
    EXPECT_EQ(foz_.query("SELECT count(*) FROM raw"), "20");
    EXPECT_EQ(foz_.query("SELECT count(*) FROM readings"), "10");
    expect_balance();
    const Outcome unknown = foz_.run_configured({"replay", "--from", "0", "--route", "row"});
    EXPECT_EQ(unknown.exit_code, 2) << unknown;
    EXPECT_TRUE(unknown.says("there is no route \"row\"")) << unknown;
}

TEST_F(Replay, WorksWhileFozRuns) {
    store_ten(kSecondRoute);
    foz_.start();
    foz_.publish("sensors/b", reading(1));
    const Outcome replayed = foz_.run_configured({"replay", "--from", "0"});
    EXPECT_TRUE(replayed.says("11 stored")) << replayed;
    foz_.publish("sensors/c", reading(1));
    EXPECT_TRUE(foz_.becomes("SELECT count(*) FROM raw", "23")) << foz_.log();
    expect_balance();
}

TEST_F(Replay, ANewRouteGetsWhatTheJournalStillHolds) {
    store_ten(kReadings);
    foz_.configure(kReadings + kSecondRoute);
    const Outcome replayed = foz_.run_configured({"replay", "--from", "0", "--route", "raw"});
    EXPECT_TRUE(replayed.says("10 stored")) << replayed;
    EXPECT_EQ(foz_.query("SELECT count(*) FROM raw"), "10");
}

TEST_F(Replay, ThatIsKilledGoesOnWhereItWasAndStoresEachReadingOnceMore) {
    constexpr int kMessages = 20;
    constexpr int kReadingsEach = 5000;
    foz_.configure(R"([database.foz]
url = "sqlite:foz.sqlite"
batch_rows_max = 1000
[[route]]
topic = "many"
table = "many"
columns = { n = { field = "n", type = "integer" } }
)");
    foz_.start();
    for (int message = 0; message < kMessages; ++message) {
        std::string payload;
        for (int i = 0; i < kReadingsEach; ++i) {
            payload +=
                    fmt::format("{}{{\"n\":{}}}", i == 0 ? '[' : ',', kReadingsEach * message + i);
        }
        foz_.publish("many", payload + "]");
    }
    ASSERT_EQ(foz_.stop(), 0);
    int kills = 0;
    for (int i = 0; i < 5; ++i) {
        kills += foz_.run_and_kill(
                {"replay", "--from", "0"}, std::chrono::milliseconds(40 + 15 * i));
    }
    EXPECT_GT(kills, 0);
    const Outcome last = foz_.run_configured({"replay", "--from", "0"});
    EXPECT_EQ(last.exit_code, 0) << last;
    constexpr int kReadings = kMessages * kReadingsEach;
    EXPECT_EQ(foz_.query("SELECT count(*), count(DISTINCT n) FROM many"),
            fmt::format("{}|{}", 2 * kReadings, kReadings));
    expect_balance();
}

TEST_F(Replay, FromNeitherAPositionNorATimeIsRefused) {
    store_ten(kReadings);
    const Outcome nonsense = foz_.run_configured({"replay", "--from", "yesterday"});
    EXPECT_EQ(nonsense.exit_code, 2) << nonsense;
    EXPECT_TRUE(nonsense.says("\"yesterday\" is neither a position nor a time")) << nonsense;
    const Outcome beyond = foz_.run_configured({"replay", "--from", "1000"});
    EXPECT_EQ(beyond.exit_code, 1) << beyond;
    EXPECT_TRUE(beyond.says("1000 is not among them")) << beyond;
}

TEST_F(Replay, WhatIsADeadLetterAlreadyDoesNotBecomeASecondOne) {
    foz_.configure(kReadings);
    foz_.start();
    foz_.publish("sensors/a", reading(1));
    foz_.publish("sensors/a", "not JSON");
    ASSERT_EQ(foz_.stop(), 0);
    const Outcome replayed = foz_.run_configured({"replay", "--from", "0"});
    EXPECT_TRUE(replayed.says("0 stored, 1 duplicate, 0 dead")) << replayed;
    expect_balance();
    const Outcome dead = foz_.run_configured({"dead", "replay"});
    EXPECT_TRUE(dead.says("0 stored, 0 duplicate, 1 still dead")) << dead;
    expect_balance();
}

}  // namespace
}  // namespace foz::end_to_end
