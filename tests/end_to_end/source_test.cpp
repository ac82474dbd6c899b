// SPDX-License-Identifier: Apache-2.0
// A Mosquitto in front of foz: its own publisher → Mosquitto → `foz run` → SQLite.
#include <algorithm>
#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/tcp_proxy.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

// Mosquitto keeps everything for foz while it is away.
const support::MosquittoOptions kKeepsAll{
    .persistence = true, .configuration = "max_queued_messages 0\nmax_inflight_messages 100"};

constexpr std::string_view kLoad = R"(
[[route]]
topic = "load"
table = "load"
[route.columns]
n = { field = "n", type = "integer" }
source = { message = "client_id", type = "text" }
)";

std::string source(std::uint16_t port, std::string_view rest) {
    return fmt::format("[source.plant]\nurl = \"mqtt://127.0.0.1:{}\"\n{}\n", port, rest);
}

/// mosquitto_pub with {"n": 1} to {"n": count} on "load"; it ends when all are acknowledged.
support::ChildProcess publish_load(std::uint16_t port, int count, int qos) {
    const std::string script = fmt::format(
            "seq 1 {} | sed 's/.*/{{\"n\": &}}/' | mosquitto_pub -p {} -t load -q {} -l", count,
            port, qos);
    return support::ChildProcess({.command = {"/bin/sh", "-c", script}, .user = "", .output = {}});
}

void publish(std::uint16_t port, std::string_view topic, std::string_view payload) {
    support::run_to_end({"mosquitto_pub", "-p", std::to_string(port), "-q", "1", "-t",
        std::string(topic), "-m", std::string(payload)});
}

[[nodiscard]] bool is_connected(
        const FozUnderTest& foz, std::string_view session = "connected to") {
    return support::wait_until([&] { return foz.log().find(session) != std::string::npos; });
}

int number(FozUnderTest& foz, std::string_view sql) {
    const std::string text = foz.query(sql);
    return text.empty() || text.find_first_not_of("0123456789") != std::string::npos
                   ? 0
                   : std::stoi(text);
}

/// Waits until so many different numbers are stored.
[[nodiscard]] bool stored(FozUnderTest& foz, int count) {
    return support::wait_until(
            [&] { return number(foz, "SELECT count(DISTINCT n) FROM load") >= count; },
            std::chrono::seconds(40));
}

/// Loses the connection by `lose`, three times or until `count` are stored. Each brings something
/// first: when two in a row are lost, Mosquitto (2.0.11) publishes anew what it has released.
void lose_connections(FozUnderTest& foz, int count, const std::function<void()>& lose) {
    int lost = 0;
    while (lost < 3) {
        const int known = number(foz, "SELECT count(DISTINCT n) FROM load");
        const int wanted = std::max((lost + 1) * count / 5, known + count / 20);
        if (wanted > count) {
            break;
        }
        ASSERT_TRUE(stored(foz, wanted)) << foz.log();
        lose();
        ++lost;
    }
    EXPECT_GT(lost, 0);
}

TEST(Source, StoresRetainedMessagesUnlessToldToSkipThem) {
    support::MosquittoBroker mosquitto;
    mosquitto.start();
    support::run_to_end({"mosquitto_pub", "-p", std::to_string(mosquitto.port()), "-r", "-t",
        "load", "-m", R"({"n":1})"});
    for (const std::string_view version : {"5", "3.1.1"}) {
        for (const std::string_view retained : {"store", "skip"}) {
            FozUnderTest foz;
            const std::string keys = fmt::format(
                    "subscribe = [\"load\"]\nclient_id = \"foz-{0}-{1}\"\nversion = "
                    "\"{0}\"\nretained = \"{1}\"",
                    version, retained);
            foz.configure(source(mosquitto.port(), keys) + std::string(kLoad));
            foz.start();
            ASSERT_TRUE(is_connected(foz)) << foz.log();
            publish(mosquitto.port(), "load", R"({"n":2})");
            const std::string_view wanted = retained == "skip" ? "2" : "1,2";
            EXPECT_TRUE(foz.becomes(
                    "SELECT group_concat(n) FROM (SELECT n FROM load ORDER BY n)", wanted))
                    << version << retained << foz.log();
        }
    }
}

TEST(Source, TheDesignsReadingGoesFromMosquittoIntoItsTable) {
    support::MosquittoBroker mosquitto;
    mosquitto.start();
    FozUnderTest foz;
    foz.configure(source(mosquitto.port(), "subscribe = [\"esp32/pub\"]"));
    foz.start();
    ASSERT_TRUE(is_connected(foz)) << foz.log();
    publish(mosquitto.port(), "esp32/pub",
            R"({"Temperature": 23.5, "Data Hora": "2022-08-01 10:00:00"})");
    EXPECT_TRUE(foz.becomes("SELECT temp, dh FROM temperature", "23.5|2022-08-01 10:00:00"))
            << foz.log();
    EXPECT_EQ(foz.query("SELECT client FROM messages"), "$source/plant");
    EXPECT_EQ(foz.stop(), 0) << foz.log();
    EXPECT_EQ(foz.run_configured({"verify"}).exit_code, 0);
}

TEST(Source, MosquittoKeepsWhatIsPublishedWhileFozIsAway) {
    support::MosquittoBroker mosquitto(kKeepsAll);
    mosquitto.start();
    FozUnderTest foz;
    foz.configure(source(mosquitto.port(), "version = \"3.1.1\"\nsubscribe = [\"load\"]") +
                  std::string(kLoad));
    foz.start();
    ASSERT_TRUE(is_connected(foz, "new session")) << foz.log();
    EXPECT_EQ(foz.stop(), 0) << foz.log();
    publish(mosquitto.port(), "load", "{\"n\": 1}");
    mosquitto.stop();
    mosquitto.start();
    foz.start();
    EXPECT_TRUE(foz.becomes("SELECT n FROM load", "1")) << foz.log();
    EXPECT_TRUE(is_connected(foz, "session resumed")) << foz.log();
}

class SourceUnderFire : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(QoS, SourceUnderFire, testing::Values(1, 2));

TEST_P(SourceUnderFire, KillingFozLosesNothingAndRepeatsNothingAtQos2) {
    constexpr int kMessages = 8'000;
    const int qos = GetParam();
    support::MosquittoBroker mosquitto(kKeepsAll);
    mosquitto.start();
    FozUnderTest foz;
    const std::string subscribe =
            fmt::format("subscribe = [{{ topic = \"load\", qos = {} }}]", qos);
    foz.configure(source(mosquitto.port(), subscribe) + std::string(kLoad));
    foz.start();
    ASSERT_TRUE(is_connected(foz)) << foz.log();
    support::ChildProcess publisher = publish_load(mosquitto.port(), kMessages, qos);
    lose_connections(foz, kMessages, [&] {
        foz.kill_9();
        foz.start();
    });
    EXPECT_EQ(publisher.wait(std::chrono::seconds(30)), 0);
    EXPECT_TRUE(stored(foz, kMessages)) << foz.log();
    EXPECT_EQ(foz.stop(), 0);
    EXPECT_EQ(number(foz, "SELECT count(DISTINCT n) FROM load"), kMessages);
    if (qos == 2) {
        EXPECT_EQ(number(foz, "SELECT count(*) FROM load"), kMessages);
    }
    EXPECT_EQ(foz.run_configured({"verify"}).exit_code, 0);
}

TEST_P(SourceUnderFire, ConnectionsThatAreCutLoseNothingAndRepeatNothingAtQos2) {
    constexpr int kMessages = 8'000;
    const int qos = GetParam();
    support::MosquittoBroker mosquitto(kKeepsAll);
    mosquitto.start();
    support::TcpProxy proxy(mosquitto.port());
    FozUnderTest foz;
    const std::string subscribe =
            fmt::format("subscribe = [{{ topic = \"load\", qos = {} }}]", qos);
    foz.configure(source(proxy.port(), subscribe) + std::string(kLoad));
    foz.start();
    ASSERT_TRUE(is_connected(foz)) << foz.log();
    support::ChildProcess publisher = publish_load(mosquitto.port(), kMessages, qos);
    lose_connections(foz, kMessages, [&] { proxy.cut_all(); });
    EXPECT_EQ(publisher.wait(std::chrono::seconds(30)), 0);
    EXPECT_TRUE(stored(foz, kMessages)) << foz.log();
    EXPECT_EQ(foz.stop(), 0);
    EXPECT_EQ(number(foz, "SELECT count(DISTINCT n) FROM load"), kMessages);
    if (qos == 2) {
        EXPECT_EQ(number(foz, "SELECT count(*) FROM load"), kMessages);
    }
}

TEST(Source, RestartingMosquittoUnderLoadRepeatsNothingAtQos2) {
    constexpr int kMessages = 8'000;
    support::MosquittoBroker mosquitto(kKeepsAll);
    mosquitto.start();
    FozUnderTest foz;
    foz.configure(source(mosquitto.port(), "subscribe = [{ topic = \"load\", qos = 2 }]") +
                  std::string(kLoad));
    foz.start();
    ASSERT_TRUE(is_connected(foz)) << foz.log();
    support::ChildProcess publisher = publish_load(mosquitto.port(), kMessages, 2);
    EXPECT_EQ(publisher.wait(std::chrono::seconds(30)), 0);
    mosquitto.stop();
    mosquitto.start();
    EXPECT_TRUE(stored(foz, kMessages)) << foz.log();
    EXPECT_EQ(foz.stop(), 0);
    EXPECT_EQ(number(foz, "SELECT count(*) FROM load"), kMessages);
}

TEST(Source, TwoFozShareOneUpstream) {
    constexpr int kMessages = 2'000;
    support::MosquittoBroker mosquitto(kKeepsAll);
    mosquitto.start();
    FozUnderTest first;
    FozUnderTest second;
    for (FozUnderTest* foz : {&first, &second}) {
        foz->configure(
                source(mosquitto.port(),
                        fmt::format("client_id = \"foz-{}\"\nsubscribe = [\"$share/both/load\"]",
                                foz->port())) +
                std::string(kLoad));
        foz->start();
        ASSERT_TRUE(is_connected(*foz)) << foz->log();
    }
    EXPECT_EQ(publish_load(mosquitto.port(), kMessages, 1).wait(std::chrono::seconds(30)), 0);
    const std::string count = "SELECT count(*) FROM load";
    EXPECT_TRUE(support::wait_until(
            [&] { return number(first, count) + number(second, count) >= kMessages; }));
    EXPECT_EQ(number(first, count) + number(second, count), kMessages);
    EXPECT_GT(number(first, count), 0);
    EXPECT_GT(number(second, count), 0);
}

TEST(Source, CheckSaysHowFarItGetsAndLeavesTheSessionAlone) {
    support::MosquittoBroker mosquitto(kKeepsAll);
    mosquitto.start();
    FozUnderTest foz;
    foz.configure(source(mosquitto.port(), "subscribe = [\"load\"]") + std::string(kLoad));
    foz.start();
    ASSERT_TRUE(is_connected(foz, "new session")) << foz.log();
    EXPECT_EQ(foz.stop(), 0) << foz.log();
    publish(mosquitto.port(), "load", "{\"n\": 1}");
    const Outcome checked = foz.run_configured({"check", "--connect"});
    EXPECT_EQ(checked.exit_code, 0) << checked;
    for (const std::string_view step : {"name: 127.0.0.1",
             "TCP: 127.0.0.1:", "CONNECT: new session", "SUBSCRIBE: all granted"}) {
        EXPECT_TRUE(checked.says(step)) << checked;
    }
    foz.start();
    EXPECT_TRUE(foz.becomes("SELECT n FROM load", "1")) << foz.log();
    mosquitto.stop();
    const Outcome refused = foz.run_configured({"check", "--connect"});
    EXPECT_EQ(refused.exit_code, 1) << refused;
    EXPECT_TRUE(refused.says("nobody listens on 127.0.0.1")) << refused;
}

TEST(Source, ADeviceMayNotCallItselfASource) {
    FozUnderTest foz;
    foz.configure("");
    foz.start();
    EXPECT_THROW(Publisher(foz.port(), "$source/plant"), std::runtime_error);
}

TEST(Source, AFilePasswordThatIsNotThereIsOneClearSentence) {
    FozUnderTest foz;
    foz.configure(source(1, "username = \"u\"\npassword_file = \"/nowhere\"\nsubscribe = [\"a\"]"));
    const Outcome refused = foz.run_configured({"run"});
    EXPECT_NE(refused.exit_code, 0) << refused;
    EXPECT_TRUE(refused.says("source plant") && refused.says("/nowhere")) << refused;
}

}  // namespace
}  // namespace foz::end_to_end
