// SPDX-License-Identifier: Apache-2.0
// AWS IoT Core's stand-in as a source of `foz run`: mutual TLS with ALPN, and every way in which
// AWS makes a reading come late or twice. Each is in the table once.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/aws_iot_client.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

using support::wait_until;

class AwsIotSource : public testing::TestWithParam<mqtt::ProtocolVersion> {
  protected:
    void configure() {
        const std::string certificate = aws_.device("foz");
        foz_.configure(fmt::format(
                "[source.aws]\nprofile = \"aws-iot\"\nurl = \"mqtts://localhost:{}\"\n"
                "client_id = \"foz-1\"\nversion = \"{}\"\nretry_delay_max = \"200ms\"\n"
                "subscribe = [\"sensors/#\"]\n"
                "tls = {{ ca = \"{}\", certificate = \"{}\", key = \"{}\", alpn = "
                "[\"x-amzn-mqtt-ca\"] }}\n{}",
                aws_.server.alpn_port(), GetParam() == mqtt::ProtocolVersion::v5 ? "5" : "3.1.1",
                aws_.server.authority().ca(), certificate, support::key_of(certificate),
                kReadings));
    }
    /// So many more readings, each at a minute of its own.
    void publish(int count) {
        for (const int end = published_ + count; published_ < end; ++published_) {
            aws_.server.publish(
                    "sensors/a", reading(published_, fmt::format("2022-08-01 {:02}:{:02}:00",
                                                             published_ / 60, published_ % 60)));
        }
    }
    [[nodiscard]] bool stored(int at_least) {
        return wait_until([&] {
            const std::string count = foz_.query("SELECT count(*) FROM readings");
            return count.find_first_not_of("0123456789") == std::string::npos &&
                   std::stoi("0" + count) >= at_least;
        });
    }
    [[nodiscard]] bool connected() {
        return wait_until([&] {
            const auto session = aws_.server.session("foz-1");
            return session && session->connected && !session->filters.empty();
        });
    }

    // Every fifth comes a second time, as another packet.
    support::AwsIotRig aws_{support::AwsIotOptions{.stored_per_second = 5, .resend_every = 5}};
    FozUnderTest foz_;
    int published_ = 0;
};

INSTANTIATE_TEST_SUITE_P(versions, AwsIotSource,
        testing::Values(mqtt::ProtocolVersion::v5, mqtt::ProtocolVersion::v3_1_1),
        [](const auto& one) { return one.param == mqtt::ProtocolVersion::v5 ? "v5" : "v3_1_1"; });

TEST_P(AwsIotSource, has_every_reading_in_the_table_once) {
    configure();
    foz_.start();
    ASSERT_TRUE(connected()) << foz_.log();
    publish(20);
    ASSERT_TRUE(stored(20)) << foz_.log();

    // Kept by AWS while foz is away, then drained slowly, with connections that end meanwhile.
    EXPECT_EQ(foz_.stop(), 0);
    publish(30);
    foz_.start();
    ASSERT_TRUE(stored(25)) << foz_.log();
    EXPECT_TRUE(wait_until([&] { return aws_.server.disconnect("foz-1"); }));
    ASSERT_TRUE(stored(30)) << foz_.log();
    foz_.kill_9();
    foz_.start();
    ASSERT_TRUE(stored(35)) << foz_.log();

    // Somebody else takes the client id, and gets some of the readings without acknowledging them.
    {
        support::AwsIotClient thief = aws_.connected({
            .client_id = "foz-1",
            .version = GetParam(),
            .clean = false,
            .session_expiry = 3'600,
        });
        while (thief.answer()) {
        }
    }
    publish(10);
    EXPECT_TRUE(foz_.becomes("SELECT count(*) FROM readings", "60")) << foz_.log();
    EXPECT_EQ(foz_.query("SELECT count(DISTINCT temp) FROM readings"), "60");
    EXPECT_TRUE(wait_until([&] { return aws_.server.session("foz-1")->unacknowledged == 0; }));
    EXPECT_EQ(aws_.server.session("foz-1")->stored, 0U);
    EXPECT_EQ(foz_.stop(), 0);
    const Outcome verified = foz_.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
    EXPECT_EQ(foz_.query("SELECT sum(duplicate) > 0 FROM foz_ledger"), "1");
}

}  // namespace
}  // namespace foz::end_to_end
