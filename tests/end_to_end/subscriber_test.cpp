// SPDX-License-Identifier: Apache-2.0
// Subscribers of another make, with a publisher of yet another at the other end.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/bridge/mosquitto_subscriber.h"
#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

constexpr int kCount = 200;

std::size_t lines_in(const std::filesystem::path& file) {
    const std::string content = support::content_of(file);
    return static_cast<std::size_t>(std::ranges::count(content, '\n'));
}

/// mosquitto_pub -l: a message for each line.
void publish_lines(FozUnderTest& foz, std::string_view topic, int qos) {
    std::string lines;
    for (int i = 1; i <= kCount; ++i) {
        lines += fmt::format("{}\n", i);
    }
    foz.write("lines", lines);
    support::run_to_end({"/bin/sh", "-c",
        fmt::format("mosquitto_pub -p {} -t {} -q {} -l < {}", foz.port(), topic, qos,
                foz.path("lines").string())});
}

TEST(Subscribers, paho_gets_what_mosquittos_client_publishes) {
    FozUnderTest foz;
    foz.configure("");
    foz.start();
    for (const std::string version : {"3.1.1", "5"}) {
        for (const int qos : {0, 1, 2}) {
            const auto output = foz.path(fmt::format("paho-{}-{}", version, qos));
            support::ChildProcess paho(
                    {.command = {"/usr/bin/python3", FOZ_PAHO_SUBSCRIBE, std::to_string(foz.port()),
                         "plant/+", version, std::to_string(qos), std::to_string(kCount)},
                        .user = "",
                        .output = output});
            ASSERT_TRUE(support::wait_until([&] { return lines_in(output) == 1; })) << foz.log();
            publish_lines(foz, "plant/1", qos);
            EXPECT_EQ(paho.wait(std::chrono::seconds(30)), 0) << support::content_of(output);
            std::string expected = "subscribed\n";
            for (int i = 1; i <= kCount; ++i) {
                expected += fmt::format("plant/1 {} {}\n", i, qos);
            }
            EXPECT_EQ(support::content_of(output), expected);
        }
    }
    EXPECT_EQ(foz.stop(), 0) << foz.log();
}

TEST(Subscribers, mosquittos_client_gets_what_paho_publishes) {
    FozUnderTest foz;
    foz.configure("");
    foz.start();
    const bridge::Subscriber subscriber(foz.port(), "load");
    for (const std::string version : {"3.1.1", "5"}) {
        support::run_to_end({"/usr/bin/python3", FOZ_PAHO_PUBLISH, std::to_string(foz.port()),
            "load", version, "2", std::to_string(kCount)});
    }
    ASSERT_TRUE(subscriber.gets(2 * kCount)) << foz.log();
    const auto lines = subscriber.lines();
    EXPECT_EQ(lines.size(), std::size_t{2 * kCount});
    EXPECT_EQ(lines.front(), "load|{\"n\": 1, \"version\": \"3.1.1\", \"qos\": 2}|2|0");
    EXPECT_EQ(foz.stop(), 0) << foz.log();
}

TEST(Subscribers, a_request_is_answered) {
    FozUnderTest foz;
    foz.configure("");
    foz.start();
    const auto answer = foz.path("answer");
    const auto responder = foz.path("responder");
    // Answers to the topic that the request names.
    support::ChildProcess shell({.command = {"/bin/sh", "-c",
                                     fmt::format("mosquitto_sub -V 5 -p {0} -t ask -C 1 -F '%R' | "
                                                 "while read topic; do mosquitto_pub -V 5 -p {0} "
                                                 "-t \"$topic\" -m pong; done",
                                             foz.port())},
        .user = "",
        .output = responder});
    const auto ask = [&] {
        support::ChildProcess asking(
                {.command = {"mosquitto_rr", "-V", "5", "-W", "1", "-p", std::to_string(foz.port()),
                     "-t", "ask", "-e", "answers/1", "-m", "ping"},
                    .user = "",
                    .output = answer});
        (void)asking.wait(std::chrono::seconds(10));
        return support::content_of(answer).find("pong") != std::string::npos;
    };
    EXPECT_TRUE(support::wait_until(ask)) << support::content_of(answer) << foz.log();
    EXPECT_EQ(foz.stop(), 0) << foz.log();
}

// With what mosquitto.conf makes of `topic # both` and nothing else.
TEST(Subscribers, a_mosquitto_exchanges_everything_and_nothing_goes_in_circles) {
    FozUnderTest foz;
    foz.configure("");
    foz.start();
    support::MosquittoBroker mosquitto(
            {.configuration = fmt::format("connection foz\naddress 127.0.0.1:{}\n"
                                          "topic # both 1\n",
                     foz.port())});
    mosquitto.start();
    const bridge::Subscriber there(mosquitto.port(), "t/#");
    const bridge::Subscriber here(foz.port(), "t/#");
    // Whichever side: until the bridge is up, only the near subscriber gets it.
    ASSERT_TRUE(support::wait_until([&] {
        bridge::publish_by_mosquitto(foz.port(), "t/probe", "?");
        return !there.lines().empty();
    })) << foz.log()
        << mosquitto.log();
    for (int i = 0; i < 20; ++i) {
        bridge::publish_by_mosquitto(foz.port(), "t/from-foz", std::to_string(i));
        bridge::publish_by_mosquitto(mosquitto.port(), "t/from-mosquitto", std::to_string(i));
    }
    const auto count = [](const bridge::Subscriber& subscriber, std::string_view topic) {
        return std::ranges::count_if(subscriber.lines(),
                [&](const std::string& line) { return line.starts_with(topic); });
    };
    for (const auto* const subscriber : {&there, &here}) {
        EXPECT_TRUE(support::wait_until([&] {
            return count(*subscriber, "t/from-foz") >= 20 &&
                   count(*subscriber, "t/from-mosquitto") >= 20;
        })) << foz.log();
    }
    bridge::publish_by_mosquitto(foz.port(), "t/last", "!");
    ASSERT_TRUE(support::wait_until([&] { return count(there, "t/last") > 0; }));
    for (const auto* const subscriber : {&there, &here}) {
        EXPECT_EQ(count(*subscriber, "t/from-foz"), 20);
        EXPECT_EQ(count(*subscriber, "t/from-mosquitto"), 20);
    }
    EXPECT_EQ(foz.stop(), 0) << foz.log();
}

}  // namespace
}  // namespace foz::end_to_end
