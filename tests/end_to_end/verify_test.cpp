// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

/// A reading whose key no other number has.
std::string reading_number(int number) {
    return reading(number, fmt::format("2022-08-01 10:00:{:02}", number));
}

/// kReadings, and the same for elsewhere/ and table later_readings.
std::string with_later_route() {
    std::string later = kReadings;
    later.replace(later.find("sensors/"), 8, "elsewhere/");
    for (const std::string word : {"name = \"", "table = \""}) {
        later.insert(later.find(word) + word.size(), "later_");
    }
    return kReadings + later;
}

class Verify : public testing::Test {
  protected:
    void SetUp() override {
        foz_.configure(kReadings);
        foz_.start();
        foz_.publish("sensors/a", reading(1));
        foz_.publish("sensors/a", reading(1));  // a duplicate
        foz_.publish("sensors/b", reading(2));
        foz_.publish("sensors/b", "not JSON");
    }

    FozUnderTest foz_;
};

TEST_F(Verify, ItAddsUpWhileFozRunsAndAfterwards) {
    ASSERT_TRUE(foz_.dead_letters_become(1));
    const Outcome running = foz_.run_configured({"verify"});
    EXPECT_EQ(running.exit_code, 0) << running;
    ASSERT_EQ(foz_.stop(), 0);
    const Outcome stopped = foz_.run_configured({"verify"});
    EXPECT_EQ(stopped.exit_code, 0) << stopped;
    EXPECT_TRUE(stopped.says("it adds up")) << stopped;
    EXPECT_TRUE(stopped.says("table readings: 2 rows, foz stored 2")) << stopped;
}

TEST(VerifyReplaced, AReadingThatReplacedAnotherCountsAsADuplicateAndItAddsUp) {
    FozUnderTest foz;
    foz.configure(
            "[[route]]\ntopic = \"r/{device}\"\ntable = \"latest\"\nkey = [\"device\"]\n"
            "on_duplicate = \"replace\"\n"
            "columns = { device = { capture = \"device\" }, v = { field = \"v\" } }\n");
    foz.start();
    for (const int v : {1, 2, 3}) {
        foz.publish("r/a", "{\"v\": " + std::to_string(v) + "}");
    }
    foz.publish("r/b", R"({"v": 7})");
    ASSERT_TRUE(foz.becomes("SELECT device, v FROM latest ORDER BY device", "a|3.0\nb|7.0"));
    ASSERT_EQ(foz.stop(), 0);
    const Outcome verified = foz.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
    EXPECT_TRUE(verified.says("table latest: 2 rows, foz stored 2")) << verified;
}

TEST_F(Verify, MessagesThatNoRouteTakesAreCountedAndWarnedOfOnce) {
    foz_.publish("elsewhere/a", reading(3));
    foz_.publish("elsewhere/a", reading(4));
    const std::string warning = R"(no route takes the topic "elsewhere/a")";
    ASSERT_TRUE(support::wait_until([&] { return foz_.log().contains(warning); }));
    ASSERT_EQ(foz_.stop(), 0);
    EXPECT_EQ(foz_.log().find(warning), foz_.log().rfind(warning)) << foz_.log();
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
    EXPECT_TRUE(verified.says("no route takes 2 messages")) << verified;
    EXPECT_TRUE(verified.says("elsewhere/a")) << verified;
}

TEST_F(Verify, WhatCameBeforeARouteExistedIsCountedApartWithTheCommandThatStoresIt) {
    foz_.publish("elsewhere/a", reading_number(3));
    foz_.publish("elsewhere/a", reading_number(4));
    ASSERT_EQ(foz_.stop(), 0);
    foz_.configure(with_later_route());
    const Outcome unused = foz_.run_configured({"verify"});
    EXPECT_EQ(unused.exit_code, 0) << "no foz has run with it yet: " << unused;
    foz_.start();
    foz_.publish("elsewhere/a", reading_number(5));
    ASSERT_TRUE(foz_.becomes("SELECT count(*) FROM later_readings", "1")) << foz_.log();
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
    EXPECT_TRUE(verified.says("route later_readings: 2 readings in the journal are from before"))
            << verified;
    const std::string command = "foz replay --from 0 --to 6 --route \"later_readings\"";
    EXPECT_TRUE(verified.says(command)) << verified;
    const Outcome replayed = foz_.run_configured(
            {"replay", "--from", "0", "--to", "6", "--route", "later_readings"});
    EXPECT_EQ(replayed.exit_code, 0) << replayed;
    EXPECT_EQ(foz_.query("SELECT count(*) FROM later_readings"), "3");
    const Outcome again = foz_.run_configured({"verify"});
    EXPECT_EQ(again.exit_code, 0) << again;
    EXPECT_FALSE(again.says("from before")) << again;
}

TEST_F(Verify, ARouteThatIsRenamedAddsUp) {
    ASSERT_EQ(foz_.stop(), 0);
    std::string renamed = kReadings;
    renamed.replace(renamed.find("name = \"readings\""), 17, "name = \"climate\"");
    foz_.configure(renamed);
    foz_.start();
    foz_.publish("sensors/c", reading(5));
    ASSERT_TRUE(foz_.becomes("SELECT count(*) FROM readings", "3")) << foz_.log();
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
    EXPECT_TRUE(verified.says("a route of another name stored into its table then")) << verified;
    EXPECT_TRUE(verified.says("table readings: 3 rows, foz stored 1, routes of before 2"))
            << verified;
}

TEST_F(Verify, ANewRouteAddsUpAfterTheLanesHaveChanged) {
    foz_.publish("elsewhere/a", reading_number(3));
    ASSERT_EQ(foz_.stop(), 0);
    foz_.configure(with_later_route());
    foz_.start();
    foz_.publish("elsewhere/a", reading_number(4));
    ASSERT_TRUE(foz_.becomes("SELECT count(*) FROM later_readings", "1")) << foz_.log();
    ASSERT_EQ(foz_.stop(), 0);
    foz_.configure("[database.foz]\nurl = \"sqlite:foz.sqlite\"\nlanes = 3\n" + with_later_route());
    foz_.start();
    for (int n = 5; n < 15; ++n) {
        foz_.publish("elsewhere/a", reading_number(n));
    }
    ASSERT_TRUE(foz_.becomes("SELECT count(*) FROM later_readings", "11")) << foz_.log();
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
    EXPECT_TRUE(verified.says("route later_readings: 1 readings in the journal are from before"))
            << verified;
}

TEST_F(Verify, DeletedRowsAreADifferenceWithBothNumbers) {
    ASSERT_EQ(foz_.stop(), 0);
    ASSERT_EQ(foz_.query("DELETE FROM readings WHERE device = 'a'"), "");
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 1) << verified;
    EXPECT_TRUE(verified.says("table readings has 1 rows, foz stored 2")) << verified;
    EXPECT_TRUE(verified.says("it does not add up")) << verified;
    const Outcome expected = foz_.run_configured({"verify", "--no-row-counts"});
    EXPECT_EQ(expected.exit_code, 0) << expected;
    EXPECT_TRUE(expected.says("were not counted")) << expected;
}

TEST_F(Verify, ADatabaseThatCannotBeReadIsNotCalledADifference) {
    ASSERT_EQ(foz_.stop(), 0);
    foz_.configure(
            "[database.foz]\nurl = \"postgresql://foz@127.0.0.1:1/foz\"\nconnect_timeout = \"1s\"" +
            kReadings);
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 1) << verified;
    EXPECT_TRUE(verified.says("not everything could be checked")) << verified;
    EXPECT_FALSE(verified.says("does not add up")) << verified;
}

TEST_F(Verify, ALaneThatStandsStillIsNamedByVerifyAndCheckUntilItMoves) {
    ASSERT_TRUE(foz_.dead_letters_become(1));
    ASSERT_EQ(foz_.stop(), 0);
    ASSERT_EQ(
            foz_.query("INSERT INTO standstill SELECT journal, 'foz', 'main-0', 1700000000000000, "
                       "1700000060000000, 3, 'permission denied', 1 FROM lane_layout",
                    "state.db"),
            "");
    for (const char* command : {"verify", "check"}) {
        const Outcome outcome = foz_.run_configured({command});
        EXPECT_EQ(outcome.exit_code, 1) << outcome;
        EXPECT_TRUE(
                outcome.says("database foz: lane main-0 has stood still since 2023-11-14 22:13:20 "
                             "UTC; at 2023-11-14 22:14:20 UTC 3 records of the journal waited for "
                             "it. Last error: permission denied. A person has to"))
                << outcome;
    }
    EXPECT_TRUE(foz_.run_configured({"verify"}).says("it adds up, but"));
    foz_.start();
    EXPECT_TRUE(support::wait_until(
            [&] { return foz_.query("SELECT count(*) FROM standstill", "state.db") == "0"; }));
    EXPECT_EQ(foz_.run_configured({"verify"}).exit_code, 0);
    EXPECT_EQ(foz_.run_configured({"check"}).exit_code, 0);
}

TEST_F(Verify, RowsFromElsewhereAreADifference) {
    ASSERT_EQ(foz_.stop(), 0);
    ASSERT_EQ(foz_.query("INSERT INTO readings VALUES ('x', 1, '2022-01-01 00:00:00.000000')"), "");
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 1) << verified;
    EXPECT_TRUE(verified.says("came from elsewhere")) << verified;
}

TEST_F(Verify, AChangedLedgerIsADifference) {
    ASSERT_EQ(foz_.stop(), 0);
    ASSERT_EQ(foz_.query("UPDATE foz_ledger SET duplicate = duplicate + 1"), "");
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 1) << verified;
    EXPECT_TRUE(verified.says("4 readings were received")) << verified;
}

TEST_F(Verify, ALostDeadLetterIsADifference) {
    ASSERT_EQ(foz_.stop(), 0);
    ASSERT_EQ(foz_.query("DELETE FROM dead_letters", "state.db"), "");
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 1) << verified;
    EXPECT_TRUE(verified.says("the ledger has 1 dead letters")) << verified;
}

TEST_F(Verify, ADroppedTableIsADifferenceThatNamesIt) {
    ASSERT_EQ(foz_.stop(), 0);
    ASSERT_EQ(foz_.query("DROP TABLE readings"), "");
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 1) << verified;
    EXPECT_TRUE(verified.says("readings")) << verified;
}

TEST(SideLanes, ATableThatDoesNotFitHoldsBackNoOtherOverRestartsAndIsStoredWhenMended) {
    FozUnderTest foz;
    foz.configure(kReadings + R"(
[[route]]
name = "other"
topic = "other/{device}"
table = "other"
[route.columns]
device = { capture = "device" }
)");
    foz.start();
    ASSERT_EQ(foz.stop(), 0);
    ASSERT_EQ(foz.query("DROP TABLE other"), "");
    ASSERT_EQ(foz.query("CREATE TABLE other (strange INTEGER)"), "");
    foz.start();
    foz.publish("other/a", "{}");
    foz.publish("sensors/a", reading(1));
    EXPECT_TRUE(foz.becomes("SELECT count(*) FROM readings", "1"));
    foz.kill_9();
    foz.start();
    foz.publish("sensors/b", reading(2));
    EXPECT_TRUE(foz.becomes("SELECT count(*) FROM readings", "2"));
    EXPECT_TRUE(foz.log().contains("table other is set aside")) << foz.log();
    ASSERT_EQ(foz.stop(), 0);
    const Outcome waiting = foz.run_configured({"verify"});
    EXPECT_EQ(waiting.exit_code, 0) << waiting;
    ASSERT_EQ(foz.query("DROP TABLE other"), "");
    foz.start();
    EXPECT_TRUE(foz.becomes("SELECT device FROM other", "a"));
    ASSERT_EQ(foz.stop(), 0);
    EXPECT_EQ(foz.run_configured({"verify"}).exit_code, 0);
}

TEST(VerifySeveral, AddsUpOverAllJournalsThatWriteIntoATable) {
    support::TemporaryDirectory shared;
    const std::string database = fmt::format(
            "[database.shared]\nurl = \"sqlite:{}\"\n", (shared / "both.sqlite").string());
    FozUnderTest first;
    FozUnderTest second;
    for (FozUnderTest* foz : {&first, &second}) {
        foz->configure(database + kReadings);
        foz->start();
        foz->publish(foz == &first ? "sensors/a" : "sensors/b", reading(1));
    }
    second.publish("sensors/c", reading(2));
    ASSERT_EQ(first.stop(), 0);
    ASSERT_EQ(second.stop(), 0);
    const Outcome verified = first.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
    EXPECT_TRUE(verified.says("table readings: 3 rows, foz stored 1, other journals 2"))
            << verified;
    EXPECT_TRUE(verified.says("has stored here too: 2 by route readings")) << verified;
    ASSERT_EQ(first.query(
                      "DELETE FROM readings WHERE device = 'c'", (shared / "both.sqlite").string()),
            "");
    const Outcome deleted = first.run_configured({"verify"});
    EXPECT_EQ(deleted.exit_code, 1) << deleted;
    EXPECT_TRUE(deleted.says("table readings has 2 rows, foz stored 1 and other journals 2"))
            << deleted;
}

TEST(EmptyRetained, IsADeleteAndNoDeadLetter) {
    FozUnderTest foz;
    foz.configure(kReadings);
    foz.start();
    foz.publish("sensors/a", reading(1));
    support::run_to_end({"mosquitto_pub", "-p", std::to_string(foz.port()), "-q", "1", "-r", "-n",
        "-t", "sensors/a"});
    ASSERT_EQ(foz.stop(), 0);
    const Outcome verified = foz.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
    EXPECT_TRUE(verified.says("1 empty retained messages, which delete the one before"))
            << verified;
    EXPECT_EQ(foz.dead_reasons(), "");
}

TEST(UserName, IsAColumnAlsoOfAReplayedDeadLetter) {
    FozUnderTest foz;
    const std::string route = R"(
[[route]]
topic = "t"
table = "readings"
[route.columns]
user = { message = "user" }
v = { field = "v", type = "TYPE" }
)";
    const auto with_type = [&](const std::string& type) {
        std::string text = route;
        return text.replace(text.find("TYPE"), 4, type);
    };
    foz.configure(with_type("double"));
    foz.start();
    for (const char* payload : {R"({"v":1})", R"({"v":"x"})"}) {
        support::run_to_end({"mosquitto_pub", "-p", std::to_string(foz.port()), "-q", "1", "-u",
            "plant", "-t", "t", "-m", payload});
    }
    foz.publish("t", R"({"v":2})");
    ASSERT_TRUE(foz.dead_letters_become(1));
    EXPECT_TRUE(foz.becomes("SELECT user, v FROM readings ORDER BY v", "plant|1.0\nNULL|2.0"));
    ASSERT_EQ(foz.stop(), 0);
    ASSERT_EQ(foz.query("DROP TABLE readings"), "");
    foz.configure(with_type("text"));
    const Outcome replayed = foz.run_configured({"dead", "replay"});
    EXPECT_EQ(replayed.exit_code, 0) << replayed;
    EXPECT_EQ(foz.query("SELECT user, v FROM readings"), "plant|x");
}

TEST(Where, LeavesOutWhatIsCountedAndNotWarnedOf) {
    FozUnderTest foz;
    foz.configure(R"(
[[route]]
topic = "owntracks/{user}/{rest...}"
table = "places"
where = { field = "_type", equals = "location" }
[route.columns]
user = { capture = "user" }
device = { capture = "rest" }
lat = { field = "lat" }
at = { field = "tst", type = "timestamp", unit = "s" }
first = { field = ["inregions", 0], type = "text" }
)");
    foz.start();
    foz.publish("owntracks/a/phone/1",
            R"({"_type":"location","lat":52.5,"tst":1659348000,"inregions":["home"]})");
    foz.publish("owntracks/a/phone/1", R"({"_type":"lwt","tst":1659348000})");
    EXPECT_TRUE(foz.becomes("SELECT user, device, lat, at, first FROM places",
            "a|phone/1|52.5|2022-08-01 10:00:00|home"));
    ASSERT_EQ(foz.stop(), 0);
    EXPECT_EQ(foz.log().find("no route takes"), std::string::npos) << foz.log();
    const Outcome verified = foz.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
    EXPECT_TRUE(
            verified.says("no route takes 1 messages that the journal has, by topic or by `where`"))
            << verified;
}

TEST(Unrouted, WhatAnotherDatabaseOrABridgeTakesIsNotWarnedOf) {
    FozUnderTest foz;
    foz.configure(R"(
[database.first]
url = "sqlite:first.sqlite"
[database.second]
url = "sqlite:second.sqlite"
[[route]]
topic = "a"
database = "first"
table = "a"
[[route]]
topic = "b"
database = "second"
table = "b"
[bridge.cloud]
url = "mqtt://127.0.0.1:1"
topics = ["c out 1"]
)");
    foz.start();
    for (const char* topic : {"a", "b", "c", "d"}) {
        foz.publish(topic, reading(1));
    }
    ASSERT_TRUE(
            support::wait_until([&] { return foz.log().contains("no route takes the topic"); }));
    EXPECT_TRUE(foz.log().contains(R"(no route takes the topic "d")")) << foz.log();
    EXPECT_EQ(foz.stop(), 0);
    EXPECT_EQ(foz.log().find("no route takes"), foz.log().rfind("no route takes")) << foz.log();
}

}  // namespace
}  // namespace foz::end_to_end
