// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <random>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/end_to_end/foz_under_test.h"

namespace foz::end_to_end {
namespace {

/// The route as somebody first wrote it, who did not know that some devices say "Temp".
const std::string kTooStrict = R"(
[[route]]
name = "readings"
topic = "sensors/{device}"
table = "readings"
[route.columns]
device = { capture = "device" }
temp = { field = "temp", type = "integer", missing = "reject" }
)";
/// Mended: 21.5 fits, and a missing temperature is null.
const std::string kMended = R"(
[[route]]
name = "readings"
topic = "sensors/{device}"
table = "readings"
[route.columns]
device = { capture = "device" }
temp = { field = "temp", type = "text", missing = "reject" }
)";

class Dead : public testing::Test {
  protected:
    /// One reading that is stored and two that are not: a fraction, and no temperature at all.
    void publish_bad_readings() {
        foz_.configure(kTooStrict);
        foz_.start();
        foz_.publish("sensors/a", R"({"temp": 21})");
        foz_.publish("sensors/b", R"({"temp": 21.5})");
        foz_.publish("sensors/c", R"({"other": "é"})");
        ASSERT_TRUE(foz_.dead_letters_become(2)) << foz_.log();
        EXPECT_TRUE(foz_.log().contains("it is a dead letter now")) << foz_.log();
        ASSERT_TRUE(foz_.becomes("SELECT max(position) FROM foz_cursor", "3"))
                << foz_.query("SELECT * FROM foz_cursor");
    }
    /// The table is text from the start, so that only the mapping changes.
    void make_text_table() {
        foz_.configure(kMended);
        foz_.start();
        ASSERT_TRUE(foz_.becomes("SELECT count(*) FROM readings", "0")) << foz_.log();
        ASSERT_EQ(foz_.stop(), 0);
    }

    FozUnderTest foz_;
};

TEST_F(Dead, ListHasALineForEachLetterWithItsReason) {
    publish_bad_readings();
    const Outcome list = foz_.run_configured({"dead", "list"});
    EXPECT_EQ(list.exit_code, 0) << list;
    EXPECT_TRUE(list.says("sensors/b") && list.says("21.5")) << list;
    EXPECT_TRUE(list.says("sensors/c") && list.says("temp")) << list;
    const Outcome of_other_route = foz_.run_configured({"dead", "list", "--route", "other"});
    EXPECT_EQ(of_other_route.exit_code, 0) << of_other_route;
    EXPECT_FALSE(of_other_route.says("sensors/")) << of_other_route;
    const Outcome by_reason = foz_.run_configured({"dead", "list", "--reason", "21.5"});
    EXPECT_TRUE(by_reason.says("sensors/b") && !by_reason.says("sensors/c")) << by_reason;
}

TEST_F(Dead, ListSaysSoWhenThereIsNone) {
    foz_.configure(kReadings);
    foz_.start();
    ASSERT_EQ(foz_.stop(), 0);
    const Outcome list = foz_.run_configured({"dead", "list"});
    EXPECT_EQ(list.exit_code, 0) << list;
    EXPECT_TRUE(list.says("no dead letters")) << list;
}

TEST_F(Dead, ShowHasThePayloadAndWhereItCameFrom) {
    publish_bad_readings();
    const Outcome show = foz_.run_configured({"dead", "show", "1"});
    EXPECT_EQ(show.exit_code, 0) << show;
    EXPECT_TRUE(show.says(R"({"temp": 21.5})") && show.says("esp32-1") && show.says("sensors/b"))
            << show;
    EXPECT_FALSE(show.says("sensors/c")) << show;
}

TEST_F(Dead, ALetterThatDoesNotExistIsAnErrorThatNamesIt) {
    publish_bad_readings();
    for (const char* action : {"show", "replay", "discard"}) {
        const Outcome outcome = foz_.run_configured({"dead", action, "99"});
        EXPECT_EQ(outcome.exit_code, 1) << action << ' ' << outcome;
        EXPECT_TRUE(outcome.says("99")) << action << ' ' << outcome;
    }
}

TEST_F(Dead, ExportIsALineOfJsonForEach) {
    publish_bad_readings();
    const Outcome exported = foz_.run_configured({"dead", "export"});
    EXPECT_EQ(exported.exit_code, 0) << exported;
    EXPECT_TRUE(exported.says(R"("payload":"{\"temp\": 21.5}")")) << exported;
    EXPECT_TRUE(exported.says(R"("payload":"{\"other\": \"é\"}")")) << exported;
    std::istringstream lines(exported.output);
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        foz_.write("line.json", line);
        const std::string file = foz_.path("line.json").string();
        EXPECT_NO_THROW(support::run_to_end({"python3", "-m", "json.tool", file})) << line;
    }
    EXPECT_EQ(count, 2);
}

TEST_F(Dead, DiscardForgetsThePayloadAndKeepsTheCount) {
    publish_bad_readings();
    const Outcome discarded = foz_.run_configured({"dead", "discard", "1"});
    EXPECT_EQ(discarded.exit_code, 0) << discarded;
    EXPECT_TRUE(discarded.says("1 discarded")) << discarded;
    EXPECT_FALSE(foz_.run_configured({"dead", "show", "1"}).says("21.5}"));
    EXPECT_EQ(foz_.stop(), 0);
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
}

TEST_F(Dead, DiscardingAllNeedsToBeSaid) {
    publish_bad_readings();
    const Outcome refused = foz_.run_configured({"dead", "discard"});
    EXPECT_EQ(refused.exit_code, 2) << refused;
    EXPECT_TRUE(refused.says("--all")) << refused;
    const Outcome all = foz_.run_configured({"dead", "discard", "--all"});
    EXPECT_EQ(all.exit_code, 0) << all;
    EXPECT_TRUE(all.says("2 discarded")) << all;
}

TEST_F(Dead, ReplayAfterTheConfigurationWasMendedStoresTheRowsAndKeepsWhatStillFails) {
    make_text_table();
    publish_bad_readings();
    ASSERT_EQ(foz_.stop(), 0);
    foz_.configure(kMended);
    const Outcome replayed = foz_.run_configured({"dead", "replay"});
    EXPECT_EQ(replayed.exit_code, 0) << replayed;
    EXPECT_TRUE(replayed.says("1 stored, 0 duplicate, 1 still dead")) << replayed;
    EXPECT_EQ(foz_.query("SELECT device, temp FROM readings ORDER BY 1"), "a|21\nb|21.5");
    EXPECT_EQ(
            foz_.query("SELECT topic, status FROM dead_letters", "state.db"), "sensors/c|waiting");
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;

    const Outcome again = foz_.run_configured({"dead", "replay"});
    EXPECT_TRUE(again.says("0 stored, 0 duplicate, 1 still dead")) << again;
    EXPECT_EQ(foz_.query("SELECT count(*) FROM readings"), "2");
}

TEST_F(Dead, ReplayWorksWhileFozRuns) {
    make_text_table();
    publish_bad_readings();
    ASSERT_EQ(foz_.stop(), 0);
    foz_.configure(kMended);
    foz_.start();
    foz_.publish("sensors/d", R"({"temp": 1.25})");
    const Outcome replayed = foz_.run_configured({"dead", "replay"});
    EXPECT_TRUE(replayed.says("1 stored")) << replayed;
    foz_.publish("sensors/e", R"({"temp": 2.25})");
    foz_.publish("sensors/f", R"({"other": 1})");
    ASSERT_TRUE(foz_.becomes(
            "SELECT group_concat(device, '') FROM (SELECT device FROM readings ORDER BY 1)",
            "abde"))
            << foz_.log();
    ASSERT_TRUE(foz_.dead_letters_become(2));
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
}

TEST_F(Dead, ReplayedLettersWaitAgainWhenTheDatabaseComesBackFromABackup) {
    make_text_table();
    publish_bad_readings();
    foz_.stop();
    const auto database = foz_.data() / "foz.sqlite";
    std::filesystem::copy_file(database, foz_.path("backup"));
    foz_.configure(kMended);
    ASSERT_EQ(foz_.run_configured({"dead", "replay"}).exit_code, 0);
    EXPECT_EQ(foz_.query("SELECT count(*) FROM readings"), "2");

    std::filesystem::remove(foz_.data() / "foz.sqlite-wal");
    std::filesystem::copy_file(
            foz_.path("backup"), database, std::filesystem::copy_options::overwrite_existing);
    EXPECT_EQ(foz_.query("SELECT count(*) FROM readings"), "1");
    foz_.start();
    ASSERT_TRUE(foz_.dead_letters_become(2)) << foz_.log();
    EXPECT_TRUE(foz_.log().contains("1 dead letters that were replayed are not there any more"))
            << foz_.log();
    foz_.stop();
    static_cast<void>(foz_.run_configured({"dead", "replay"}));
    EXPECT_EQ(foz_.query("SELECT count(*) FROM readings"), "2");
    EXPECT_EQ(foz_.run_configured({"verify"}).exit_code, 0) << foz_.run_configured({"verify"});
}

TEST_F(Dead, ReplayOfAReadingThatIsInTheTableAlreadyIsADuplicate) {
    const std::string keyed =
            std::string(kMended).insert(kMended.find("[route.columns]"), "key = [\"device\"]\n");
    const std::string strict =
            std::string(kTooStrict)
                    .insert(kTooStrict.find("[route.columns]"), "key = [\"device\"]\n");
    foz_.configure(keyed);
    foz_.start();
    foz_.publish("sensors/b", R"({"temp": 21.5})");
    ASSERT_TRUE(foz_.becomes("SELECT count(*) FROM readings", "1"));
    ASSERT_EQ(foz_.stop(), 0);
    foz_.configure(strict);
    foz_.start();
    foz_.publish("sensors/b", R"({"temp": 21.5})");
    ASSERT_EQ(foz_.stop(), 0);
    foz_.configure(keyed);
    const Outcome replayed = foz_.run_configured({"dead", "replay"});
    EXPECT_TRUE(replayed.says("0 stored, 1 duplicate, 0 still dead")) << replayed;
    EXPECT_EQ(foz_.query("SELECT count(*) FROM dead_letters", "state.db"), "0");
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
}

TEST_F(Dead, ReplayOfReadingsInArraysStoresExactlyThoseThatWereDead) {
    make_text_table();
    foz_.configure(kTooStrict);
    foz_.start();
    foz_.publish(
            "sensors/a", R"([{"temp": 1}, {"temp": 2.5}, {"temp": 3}, {"x": 4}, {"temp": 5.5}])");
    ASSERT_EQ(foz_.stop(), 0);
    foz_.configure(kMended);
    const Outcome replayed = foz_.run_configured({"dead", "replay"});
    EXPECT_TRUE(replayed.says("2 stored, 0 duplicate, 1 still dead")) << replayed;
    EXPECT_EQ(
            foz_.query("SELECT temp FROM readings ORDER BY CAST(temp AS REAL)"), "1\n2.5\n3\n5.5");
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
}

TEST_F(Dead, AReplayThatIsKilledAtAnyInstantNeitherLosesNorDoublesAReading) {
    constexpr int kReadings = 6000;  // twelve groups
    make_text_table();
    foz_.configure(kTooStrict);
    foz_.start();
    for (int message = 0; message < kReadings / 60; ++message) {
        std::string payload;
        for (int i = 0; i < 60; ++i) {
            payload += fmt::format("{}{{\"temp\": {}.5}}", i == 0 ? "[" : ", ", 60 * message + i);
        }
        foz_.publish("sensors/a", payload + "]");
    }
    ASSERT_EQ(foz_.stop(), 0);
    ASSERT_EQ(
            foz_.query("SELECT count(*) FROM dead_letters", "state.db"), std::to_string(kReadings));
    foz_.configure(kMended);
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    int kills = 0;
    for (int i = 0; i < 12; ++i) {
        // From before the first group to after the last.
        kills +=
                foz_.run_and_kill({"dead", "replay"}, std::chrono::milliseconds(5 + random() % 100))
                        ? 1
                        : 0;
        const Outcome verified = foz_.run_configured({"verify"});
        if (verified.exit_code != 0) {
            // Letters that are stored and not deleted yet: the next replay begins with that.
            EXPECT_TRUE(verified.says("dead letters")) << verified;
        }
    }
    EXPECT_GT(kills, 0);
    const Outcome replayed = foz_.run_configured({"dead", "replay"});
    EXPECT_EQ(replayed.exit_code, 0) << replayed;
    EXPECT_EQ(foz_.query("SELECT count(*), count(DISTINCT temp) FROM readings"),
            fmt::format("{0}|{0}", kReadings));
    EXPECT_EQ(foz_.query("SELECT count(*) FROM dead_letters", "state.db"), "0");
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
}

TEST_F(Dead, ASecondReplayAtTheSameTimeIsRefused) {
    publish_bad_readings();
    const auto lock_file = foz_.data() / "dead_replay.lock";
    const int file = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_EQ(::flock(file, LOCK_EX | LOCK_NB), 0);
    const Outcome refused = foz_.run_configured({"dead", "replay"});
    ::close(file);
    EXPECT_EQ(refused.exit_code, 1) << refused;
    EXPECT_TRUE(refused.says("are being replayed by another foz")) << refused;
}

TEST_F(Dead, WhatADeviceSentDoesNotSteerTheTerminal) {
    foz_.configure(kTooStrict);
    foz_.start();
    foz_.publish("sensors/a", "{\"temp\": \"\x1b[2J\x1b]0;owned\x07\"");
    ASSERT_EQ(foz_.stop(), 0);
    for (const char* action : {"list", "show", "export"}) {
        const Outcome outcome = foz_.run_configured({"dead", action});
        EXPECT_FALSE(outcome.says("\x1b") || outcome.says("\x07")) << action << ' ' << outcome;
    }
}

TEST_F(Dead, WithoutADataFolderTheCommandsSaySo) {
    const Outcome list = foz_.run({"dead", "list", "--data", foz_.path("nowhere").string()});
    EXPECT_EQ(list.exit_code, 1) << list;
    EXPECT_TRUE(list.says("nowhere") && list.says("--data")) << list;
}

}  // namespace
}  // namespace foz::end_to_end
