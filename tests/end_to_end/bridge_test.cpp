// SPDX-License-Identifier: Apache-2.0
// foz as a bridge between its own devices and another broker: Mosquitto, and AWS IoT Core's
// stand-in.
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/bridge/mosquitto_subscriber.h"
#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/aws_iot_stand_in.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

using bridge::publish_by_mosquitto;
using bridge::Subscriber;
using support::wait_until;
using Lines = std::vector<std::string>;

std::string bridge_to(std::uint16_t port, std::string_view topics) {
    return fmt::format(
            "[bridge.plant]\nurl = \"mqtt://127.0.0.1:{}\"\nretry_delay_max = \"200ms\"\ntopics = "
            "[{}]\n",
            port, topics);
}

TEST(BridgeCommand, joins_devices_of_foz_and_of_mosquitto) {
    support::MosquittoBroker mosquitto;
    mosquitto.start();
    const Subscriber subscriber(mosquitto.port(), "plant/#");
    FozUnderTest foz;
    foz.configure(
            bridge_to(mosquitto.port(), R"("# out 1 sensors/ plant/sensors/", "sensors/# in 2")") +
            kReadings);
    foz.start();
    foz.publish("sensors/a", reading(21));
    ASSERT_TRUE(subscriber.gets(1));
    publish_by_mosquitto(mosquitto.port(), "sensors/b", reading(22));
    EXPECT_TRUE(foz.becomes("SELECT device, temp FROM readings ORDER BY 1", "a|21.0\nb|22.0"));
    EXPECT_EQ(subscriber.lines(), Lines{"plant/sensors/a|" + reading(21) + "|1|0"})
            << "what came in by the bridge does not go out by it";
    EXPECT_EQ(foz.stop(), 0);
}

TEST(MosquittoBridge, brings_messages_into_foz_with_its_own_defaults) {
    FozUnderTest foz;
    foz.configure(kReadings);
    foz.start();
    support::MosquittoBroker mosquitto({
        .persistence = false,
        .configuration =
                fmt::format("connection foz\naddress 127.0.0.1:{}\ntopic # out 1", foz.port()),
    });
    mosquitto.start();
    publish_by_mosquitto(mosquitto.port(), "sensors/a", reading(1));
    EXPECT_TRUE(foz.becomes("SELECT device FROM readings", "a")) << foz.log() << mosquitto.log();
    EXPECT_EQ(foz.stop(), 0);
}

TEST(BridgeCommand, sends_all_that_was_acknowledged_though_foz_is_killed_and_the_broker_restarts) {
    support::MosquittoBroker mosquitto(
            {.persistence = true, .configuration = "max_queued_messages 0\n"});
    mosquitto.start();
    const Subscriber subscriber(mosquitto.port(), "load/#");
    FozUnderTest foz;
    foz.configure(bridge_to(mosquitto.port(), R"("load/# out 1")"));
    std::set<std::string> acknowledged;
    for (int round = 0; round < 4; ++round) {
        foz.start();
        Publisher publisher(foz.port());
        for (int i = 0; i < 300; ++i) {
            const std::string payload = fmt::format(R"({{"round": {}, "i": {}}})", round, i);
            if (publisher.publish("load/a", payload)) {
                acknowledged.insert(payload);
            }
            if (round == 1 && i == 100) {
                mosquitto.stop();
            }
            if (round == 2 && i == 100) {
                mosquitto.start();
            }
        }
        foz.kill_9();
    }
    foz.start();
    ASSERT_EQ(acknowledged.size(), 1'200U);
    EXPECT_TRUE(wait_until([&] {
        std::set<std::string> delivered;
        for (const std::string& line : subscriber.lines()) {
            delivered.insert(line.substr(7, line.find('}') - 6));
        }
        return delivered == acknowledged;
    }));
}

/// A connection to the stand-in.
std::string to_aws(
        support::AwsIotStandIn& aws, const std::string& certificate, std::string_view client_id) {
    return fmt::format(
            "profile = \"aws-iot\"\nurl = \"mqtts://localhost:{}\"\nclient_id = \"{}\"\n"
            "tls = {{ ca = \"{}\", certificate = \"{}\", key = \"{}\" }}\n",
            aws.port(), client_id, aws.authority().ca(), certificate, support::key_of(certificate));
}

TEST(BridgeCommand, keeps_within_the_limits_of_aws_iot_core_and_feeds_another_foz_through_it) {
    support::AwsIotStandIn aws;
    const std::string device = aws.authority().device("device");
    FozUnderTest near;
    near.configure("[bridge.aws]\n" + to_aws(aws, device, "bridge-1") +
                   "topics = [\"sensors/# out 1\"]\n");
    FozUnderTest far;
    far.configure("[source.aws]\n" + to_aws(aws, device, "foz-1") +
                  "subscribe = [\"sensors/#\"]\n" + kReadings);
    far.start();
    ASSERT_TRUE(wait_until([&] {
        const auto session = aws.session("foz-1");
        return session && !session->filters.empty();
    }));
    near.start();
    near.publish("sensors/a", reading(21));
    near.publish("sensors/large", std::string((128 << 10) + 1, 'x'));
    near.publish("sensors/1/2/3/4/5/6/7/8", "deep");
    constexpr int kMore = 150;  // AWS IoT Core takes 100 a second
    for (int i = 0; i < kMore; ++i) {
        near.publish(
                "sensors/b", reading(i, fmt::format("2022-08-01 {:02}:{:02}:00", i / 60, i % 60)));
    }
    EXPECT_TRUE(far.becomes("SELECT count(*) FROM readings", std::to_string(kMore + 1)));
    EXPECT_EQ(aws.discarded(), 0U);
    EXPECT_TRUE(aws.refusals().empty());
    const Outcome dead = near.run_configured({"dead", "list"});
    EXPECT_TRUE(dead.says("the broker takes 131072")) << dead;
    EXPECT_TRUE(dead.says("9 levels")) << dead;
    EXPECT_EQ(near.stop(), 0);
    EXPECT_EQ(far.stop(), 0);
}

}  // namespace
}  // namespace foz::end_to_end
