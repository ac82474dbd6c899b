// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

constexpr std::uint16_t kDefaultPort = 1883;

TEST(Run, WithoutAConfigurationTheDesignsFirstPayloadLandsInTemperatureAndAllJsonInMessages) {
    if (support::accepts_connections(kDefaultPort)) {
        GTEST_SKIP() << "something else listens on port 1883 here";
    }
    FozUnderTest foz;
    foz.start_with({"run", "--data", foz.data().string()}, kDefaultPort);
    Publisher device(kDefaultPort);
    ASSERT_TRUE(device.publish(
            "esp32/pub", R"({"Temperature": 23.5, "Data Hora": "2022-08-01 10:00:00"})"));
    ASSERT_TRUE(device.publish("any/topic", R"({"humidity": [40, 41]})"));
    ASSERT_TRUE(device.publish("any/topic", "not JSON"));

    EXPECT_EQ(foz.stop(SIGINT), 0) << foz.log();
    EXPECT_EQ(foz.query("SELECT temp, dh FROM temperature"), "23.5|2022-08-01 10:00:00");
    EXPECT_EQ(foz.query("SELECT topic, client, payload FROM messages ORDER BY time, topic"),
            "esp32/pub|esp32-1|{\"Temperature\": 23.5, \"Data Hora\": \"2022-08-01 10:00:00\"}\n"
            "any/topic|esp32-1|{\"humidity\": [40, 41]}");
    const Outcome dead = foz.run({"dead", "list", "--data", foz.data().string()});
    EXPECT_EQ(dead.exit_code, 0) << dead;
    EXPECT_TRUE(dead.says("any/topic") && dead.says("not JSON")) << dead;
    const Outcome verified = foz.run({"verify", "--data", foz.data().string()});
    EXPECT_EQ(verified.exit_code, 0) << verified;
}

TEST(Run, CtrlCStoresWhatWasAcknowledgedAndExitsWithZero) {
    FozUnderTest foz;
    foz.configure("[database.foz]\nurl = \"sqlite:foz.sqlite\"\nbatch_delay = \"1m\"" + kReadings);
    foz.start();
    Publisher device(foz.port());
    for (int i = 0; i < 50; ++i) {
        ASSERT_TRUE(
                device.publish("sensors/a", reading(i, fmt::format("2022-08-01 10:00:{:02}", i))));
    }
    EXPECT_EQ(foz.stop(SIGINT), 0) << foz.log();
    EXPECT_EQ(foz.query("SELECT count(*), sum(temp) FROM readings"), "50|1225.0");
}

TEST(Run, SigtermDrainsToo) {
    FozUnderTest foz;
    foz.configure(kReadings);
    foz.start();
    foz.publish("sensors/a", reading(1.5));
    EXPECT_EQ(foz.stop(SIGTERM), 0) << foz.log();
    EXPECT_EQ(foz.query("SELECT temp FROM readings"), "1.5");
}

TEST(Run, AfterAKillEverythingAcknowledgedIsInTheTableOnce) {
    FozUnderTest foz;
    foz.configure("[database.foz]\nurl = \"sqlite:foz.sqlite\"\nbatch_delay = \"1m\"" + kReadings);
    foz.start();
    foz.publish("sensors/a", reading(1.5));
    foz.kill_9();
    foz.start();
    EXPECT_EQ(foz.stop(), 0) << foz.log();
    EXPECT_EQ(foz.query("SELECT temp FROM readings"), "1.5");
    EXPECT_EQ(foz.run_configured({"verify"}).exit_code, 0);
}

std::string with_lanes(int lanes, std::string_view url = "sqlite:foz.sqlite") {
    return fmt::format("[database.foz]\nurl = \"{}\"\nlanes = {}\n{}", url, lanes, kReadings);
}

TEST(Lanes, TwoOfThemStoreEverythingOnce) {
    FozUnderTest foz;
    foz.configure(with_lanes(2));
    foz.start();
    for (int device = 0; device < 20; ++device) {
        Publisher publisher(foz.port(), fmt::format("client-{}", device));
        for (int i = 0; i < 5; ++i) {
            ASSERT_TRUE(publisher.publish(fmt::format("sensors/{}", device),
                    reading(i, fmt::format("2022-08-01 10:00:{:02}", i))));
        }
    }
    EXPECT_EQ(foz.stop(), 0) << foz.log();
    EXPECT_EQ(foz.query("SELECT count(*), count(DISTINCT device || dh) FROM readings"), "100|100");
    EXPECT_EQ(foz.query("SELECT count(*) FROM foz_ledger WHERE stored > 0"), "2");
    const Outcome verified = foz.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
}

TEST(Lanes, ChangingThemWhileMessagesWaitIsRefusedAndPossibleAfterwards) {
    FozUnderTest foz;
    // A folder that is not there yet: the database is "down", and the message waits.
    const std::string url = "sqlite:" + (foz.path("later") / "foz.sqlite").string();
    foz.configure(with_lanes(1, url));
    foz.start();
    foz.publish("sensors/a", reading(1.5));
    foz.kill_9();

    foz.configure(with_lanes(2, url));
    const Outcome refused = foz.run_configured({"run"});
    EXPECT_EQ(refused.exit_code, 2) << refused;
    EXPECT_TRUE(refused.says("lanes was 1 and is now 2")) << refused;
    EXPECT_TRUE(refused.says("1 record still waits for the old lanes")) << refused;
    EXPECT_TRUE(refused.says("Run foz with lanes = 1")) << refused;

    std::filesystem::create_directory(foz.path("later"));
    foz.configure(with_lanes(1, url));
    foz.start();
    EXPECT_EQ(foz.stop(), 0) << foz.log();
    foz.configure(with_lanes(2, url));
    foz.start();
    foz.publish("sensors/b", reading(2.5));
    EXPECT_EQ(foz.stop(), 0) << foz.log();
    const Outcome verified = foz.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
    EXPECT_EQ(foz.query("SELECT device FROM readings ORDER BY 1", "../later/foz.sqlite"), "a\nb");
}

TEST(Run, TellsOfEachConnectionAtLevelDebug) {
    FozUnderTest foz;
    foz.configure("[log]\nlevel = \"debug\"\n" + kReadings);
    foz.start();
    foz.publish("sensors/a", reading(1));
    EXPECT_TRUE(support::wait_until([&] { return foz.log().contains("connected: 127.0.0.1"); }))
            << foz.log();
    EXPECT_EQ(foz.stop(), 0);
    EXPECT_TRUE(foz.log().contains("gone: client")) << foz.log();
}

}  // namespace
}  // namespace foz::end_to_end
