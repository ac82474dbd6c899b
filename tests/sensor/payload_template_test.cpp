// SPDX-License-Identifier: Apache-2.0
#include "sensor/payload_template.h"

#include <gtest/gtest.h>

#include "sensor/options.h"

namespace foz::sensor {
namespace {

constexpr SystemTime kTime{std::chrono::microseconds(1659348000123456)};

std::string text(std::string_view pattern, const Reading& reading) {
    return PayloadTemplate::parse(pattern).value().text(reading);
}

TEST(PayloadTemplate, writes_the_payload_of_the_research_groups_sensor_by_default) {
    EXPECT_EQ(text(Options().payload, {.time = kTime, .temperature_tenths = 235}),
            R"({"Temperature": 23.5, "Data Hora": "2022-08-01 10:00:00"})");
}

TEST(PayloadTemplate, fills_every_placeholder) {
    EXPECT_EQ(text("{n}/{sequence} {temperature} {time_us} {epoch_ms}",
                      {.time = kTime,
                          .sensor = 12,
                          .sequence = 4294967295,
                          .temperature_tenths = -5}),
            "12/4294967295 -0.5 2022-08-01 10:00:00.123456 1659348000123");
}

TEST(PayloadTemplate, writes_each_second_anew_although_it_remembers_the_last) {
    auto payload = PayloadTemplate::parse("{time}").value();
    EXPECT_EQ(payload.text({.time = kTime}), "2022-08-01 10:00:00");
    EXPECT_EQ(payload.text({.time = kTime + std::chrono::hours(24 * 31)}), "2022-09-01 10:00:00");
    EXPECT_EQ(payload.text({.time = kTime}), "2022-08-01 10:00:00");
}

TEST(PayloadTemplate, leaves_braces_alone_that_hold_no_name) {
    EXPECT_EQ(text(R"({"a": {"b": {}}, {X} {)", {}), R"({"a": {"b": {}}, {X} {)");
    EXPECT_EQ(text("", {}), "");
}

TEST(PayloadTemplate, refuses_a_name_that_it_does_not_know) {
    const auto parsed = PayloadTemplate::parse("{temprature}");
    ASSERT_FALSE(parsed);
    EXPECT_NE(parsed.error().message.find("{temprature}"), std::string::npos)
            << parsed.error().message;
}

TEST(PayloadTemplate, never_writes_more_than_its_greatest_size) {
    auto payload = PayloadTemplate::parse("{time_us}{temperature}{n}").value();
    EXPECT_LE(payload.text({.time = kTime, .sensor = 4294967295, .temperature_tenths = -32768})
                      .size(),
            payload.size_max());
}

}  // namespace
}  // namespace foz::sensor
