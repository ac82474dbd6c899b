// SPDX-License-Identifier: Apache-2.0
#include "sensor/options.h"

#include <gtest/gtest.h>

namespace foz::sensor {
namespace {

TEST(BrokerUrl, yields_host_port_and_credentials) {
    const auto address = parse_broker_url("mqtt://me:a%3Ab%40c@broker.example:1884/");
    ASSERT_TRUE(address) << address.error().message;
    EXPECT_EQ(address->host, "broker.example");
    EXPECT_EQ(address->port, 1884);
    EXPECT_EQ(address->user, "me");
    EXPECT_EQ(address->password, "a:b@c");
}

TEST(BrokerUrl, has_port_1883_and_no_credentials_when_they_are_left_out) {
    const auto address = parse_broker_url("mqtt://[::1]");
    ASSERT_TRUE(address) << address.error().message;
    EXPECT_EQ(address->host, "::1");
    EXPECT_EQ(address->port, 1883);
    EXPECT_FALSE(address->user);
}

TEST(BrokerUrl, with_tls_has_port_8883_when_it_is_left_out) {
    const auto address = parse_broker_url("mqtts://broker.example");
    ASSERT_TRUE(address) << address.error().message;
    EXPECT_TRUE(address->tls);
    EXPECT_EQ(address->port, 8883);
    EXPECT_EQ(parse_broker_url("mqtts://broker.example:443").value().port, 443);
}

TEST(BrokerUrl, is_refused_when_it_is_none) {
    for (const char* url : {"", "127.0.0.1:1883", "http://host", "mqtt://", "mqtt://:1883",
             "mqtt://host:0", "mqtt://host:x", "mqtt://host:65536", "mqtt://a%4@host",
             "mqtt://a%zz@host", "mqtt://[::1"}) {
        EXPECT_FALSE(parse_broker_url(url)) << url;
    }
}

TEST(Duration, is_a_number_with_a_unit) {
    using namespace std::chrono_literals;
    EXPECT_EQ(parse_duration("250ms").value(), 250ms);
    EXPECT_EQ(parse_duration("1.5s").value(), 1500ms);
    EXPECT_EQ(parse_duration("100us").value(), 100us);
    EXPECT_EQ(parse_duration("2h").value(), 2h);
    EXPECT_EQ(parse_duration("3").value(), 3s);
    for (const char* text : {"", "s", "-1s", "1 fortnight", "1e99h", "nan"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(SensorOptions, are_refused_when_sensors_would_share_a_client_id) {
    Options options;
    options.count = 2;
    EXPECT_TRUE(check_options(options));
    options.client_id = "all-the-same";
    EXPECT_FALSE(check_options(options));
    options.count = 1;
    EXPECT_TRUE(check_options(options));
}

TEST(SensorOptions, are_refused_for_patterns_that_make_no_sense) {
    Options options;
    options.topic = "sensors/{sequence}";
    EXPECT_FALSE(check_options(options));
    options.topic = "sensors/#";
    EXPECT_FALSE(check_options(options));
    options.topic = "sensors/{n}";
    options.payload = "{temp}";
    EXPECT_FALSE(check_options(options));
}

}  // namespace
}  // namespace foz::sensor
