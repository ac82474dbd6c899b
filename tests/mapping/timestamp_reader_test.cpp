// SPDX-License-Identifier: Apache-2.0
#include "mapping/timestamp_reader.h"

#include <date/tz.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mapping/local_time.h"

namespace foz::mapping {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

TimestampReader reader_for(const config::Column& column) {
    auto reader = TimestampReader::for_column(column);
    EXPECT_TRUE(reader) << reader.error().message;
    return std::move(*reader);
}

config::Column in_zone(std::string zone) {
    config::Column column;
    column.zone = std::move(zone);
    return column;
}

std::string text_of(const TimestampReader::Outcome& outcome) {
    return outcome ? date::format("%F %T", *outcome) : outcome.error();
}

struct TimeCase {
    std::string zone;
    std::string text;
    std::string expected;  // in UTC
};

class GoodTime : public testing::TestWithParam<TimeCase> {};

TEST_P(GoodTime, is_read_as_the_instant_that_it_means) {
    TimestampReader reader = reader_for(in_zone(GetParam().zone));
    EXPECT_EQ(text_of(reader.from_text(GetParam().text)), GetParam().expected) << GetParam().text;
    EXPECT_EQ(text_of(reader.from_text(GetParam().text)), GetParam().expected) << "the second time";
}

const TimeCase kForms[] = {
    {"UTC", "2022-08-01 10:00:00", "2022-08-01 10:00:00.000000"},
    {"UTC", "2022-08-01T10:00:00Z", "2022-08-01 10:00:00.000000"},
    {"UTC", "2022-08-01t10:00:00z", "2022-08-01 10:00:00.000000"},
    {"UTC", " 2022-08-01 10:00 ", "2022-08-01 10:00:00.000000"},
    {"UTC", "2022-08-01", "2022-08-01 00:00:00.000000"},
    {"UTC", "2022-08-01T10:00:00.5", "2022-08-01 10:00:00.500000"},
    {"UTC", "2022-08-01T10:00:00,123456789Z", "2022-08-01 10:00:00.123456"},
    {"UTC", "2022-08-01T10:00:00+02", "2022-08-01 08:00:00.000000"},
    {"UTC", "2022-08-01T10:00:00-03:30", "2022-08-01 13:30:00.000000"},
    {"UTC", "2022-08-01 10:00:00 +0530", "2022-08-01 04:30:00.000000"},
    {"America/Sao_Paulo", "2022-08-01T10:00:00+00:00", "2022-08-01 10:00:00.000000"},
    {"UTC", "2016-12-31T23:59:60Z", "2017-01-01 00:00:00.000000"},
    {"UTC", "2024-02-29", "2024-02-29 00:00:00.000000"},
    {"UTC", "0001-01-01", "0001-01-01 00:00:00.000000"},
    {"UTC", "9999-12-31T23:59:59.999999999", "9999-12-31 23:59:59.999999"},
};

const TimeCase kClockChanges[] = {
    {"America/Sao_Paulo", "2022-08-01 10:00:00", "2022-08-01 13:00:00.000000"},
    {"America/Sao_Paulo", "2018-11-03 23:59:59", "2018-11-04 02:59:59.000000"},
    // Skipped: from 00:00 the clocks went to 01:00.
    {"America/Sao_Paulo", "2018-11-04 00:00:00", "2018-11-04 03:00:00.000000"},
    {"America/Sao_Paulo", "2018-11-04 00:30:00", "2018-11-04 03:30:00.000000"},
    {"America/Sao_Paulo", "2018-11-04 01:00:00", "2018-11-04 03:00:00.000000"},
    {"Europe/Berlin", "2022-10-30 01:59:59", "2022-10-29 23:59:59.000000"},
    // Shown twice: the earlier one, which was summer time.
    {"Europe/Berlin", "2022-10-30 02:00:00", "2022-10-30 00:00:00.000000"},
    {"Europe/Berlin", "2022-10-30 02:59:59", "2022-10-30 00:59:59.000000"},
    {"Europe/Berlin", "2022-10-30 03:00:00", "2022-10-30 02:00:00.000000"},
};

INSTANTIATE_TEST_SUITE_P(Forms, GoodTime, testing::ValuesIn(kForms));
INSTANTIATE_TEST_SUITE_P(ClockChanges, GoodTime, testing::ValuesIn(kClockChanges));

TEST(TimestampReader, refuses_what_is_no_time) {
    TimestampReader reader;
    for (const char* text : {"", "10:00:00", "2022-8-1", "2022-08-01T", "2022-08-01 24:00:00",
             "2022-08-01 10:60:00", "2022-08-01 10:00:00.", "2022-08-01 10:00:00.1234567890",
             "2022-08-01 10:00:00+", "2022-08-01 10:00:00+1", "2022-08-01 10:00:00+24:00",
             "2022-08-01 10:00:00Zx", "2022-08-01x10:00:00", "01/08/2022", "2022-0a-01"}) {
        EXPECT_THAT(text_of(reader.from_text(text)), HasSubstr("not a time in a known form"))
                << text;
    }
}

TEST(TimestampReader, refuses_days_that_do_not_exist_and_years_out_of_range) {
    TimestampReader reader;
    EXPECT_THAT(text_of(reader.from_text("2022-02-30")), HasSubstr("a day that does not exist"));
    EXPECT_THAT(text_of(reader.from_text("2022-13-01")), HasSubstr("a day that does not exist"));
    EXPECT_THAT(text_of(reader.from_text("0000-01-01")), HasSubstr("a day that does not exist"));
    EXPECT_THAT(text_of(reader.from_text("0001-01-01T00:00:00+01:00")),
            HasSubstr("outside of the years"));
    EXPECT_THAT(text_of(reader.from_text("9999-12-31T23:59:59-01:00")),
            HasSubstr("outside of the years"));
}

TEST(TimestampReader, reads_numbers_in_the_declared_unit) {
    config::Column column;
    column.unit = config::EpochUnit::seconds;
    EXPECT_EQ(text_of(reader_for(column).from_number("1659348000")), "2022-08-01 10:00:00.000000");
    EXPECT_EQ(text_of(reader_for(column).from_number("1659348000.1234567")),
            "2022-08-01 10:00:00.123456");
    EXPECT_EQ(text_of(reader_for(column).from_number("1.659348e9")), "2022-08-01 10:00:00.000000");
    EXPECT_EQ(text_of(reader_for(column).from_number("-0.5")), "1969-12-31 23:59:59.500000");
    EXPECT_EQ(text_of(reader_for(column).from_text("1659348000")), "2022-08-01 10:00:00.000000");
    EXPECT_THAT(text_of(reader_for(column).from_number("1659348000000")),
            HasSubstr("outside of the years"));
    EXPECT_THAT(
            text_of(reader_for(column).from_number("1e300")), HasSubstr("outside of the years"));
    column.unit = config::EpochUnit::milliseconds;
    EXPECT_EQ(
            text_of(reader_for(column).from_number("1659348000123")), "2022-08-01 10:00:00.123000");
    column.unit = config::EpochUnit::microseconds;
    EXPECT_EQ(text_of(reader_for(column).from_number("1659348000123456")),
            "2022-08-01 10:00:00.123456");
    column.unit = config::EpochUnit::nanoseconds;
    EXPECT_EQ(text_of(reader_for(column).from_number("1659348000123456789")),
            "2022-08-01 10:00:00.123456");
    EXPECT_EQ(text_of(reader_for(column).from_number("-1")), "1969-12-31 23:59:59.999999");
    EXPECT_EQ(text_of(reader_for(column).from_text("1.659348e18")), "2022-08-01 10:00:00.000000");
}

TEST(TimestampReader, reads_a_form_of_the_users_own) {
    config::Column column = in_zone("America/Sao_Paulo");
    column.format = "%d/%m/%Y %H:%M:%S";
    TimestampReader reader = reader_for(column);
    EXPECT_EQ(text_of(reader.from_text("01/08/2022 10:00:00")), "2022-08-01 13:00:00.000000");
    EXPECT_EQ(text_of(reader.from_text("01/08/2022 10:00:00.25")), "2022-08-01 13:00:00.250000");
    EXPECT_THAT(text_of(reader.from_text("2022-08-01 10:00:00")),
            HasSubstr("is not a time of the form"));
    EXPECT_THAT(text_of(reader.from_text("31/02/2022 10:00:00")),
            HasSubstr("is not a time of the form"));
    EXPECT_THAT(text_of(reader.from_text("01/08/2022 10:00:00x")),
            HasSubstr("is not a time of the form"));
    column.format = "%Y-%m-%d %H:%M %z";
    EXPECT_EQ(text_of(reader_for(column).from_text("2022-08-01 10:00 +0200")),
            "2022-08-01 08:00:00.000000");
    column.format = "%d/%m/%Y";
    EXPECT_EQ(text_of(reader_for(column).from_text("01/08/2022")), "2022-08-01 03:00:00.000000");
}

TEST(TimestampReader, tells_an_instant_from_a_time_on_some_wall) {
    EXPECT_TRUE(is_instant("2022-08-01T10:00:00Z"));
    EXPECT_TRUE(is_instant("2022-08-01 10:00:00+02:00"));
    EXPECT_FALSE(is_instant("2022-08-01 10:00:00"));
    EXPECT_FALSE(is_instant("2022-08-01"));
    EXPECT_FALSE(is_instant("hello"));
}

TEST(TimestampReader, does_not_take_a_zone_or_format_that_cannot_work) {
    EXPECT_THAT(TimestampReader::for_column(in_zone("America/Sao_Paolo")).error().message,
            HasSubstr("unknown time zone \"America/Sao_Paolo\"; did you mean "
                      "\"America/Sao_Paulo\"?"));
    config::Column column;
    column.format = "%H:%M";
    EXPECT_THAT(TimestampReader::for_column(column).error().message,
            HasSubstr("does not describe a date"));
}

TEST(LocalTime, agrees_with_the_time_zone_database_around_every_change) {
    for (const char* name : {"America/Sao_Paulo", "Europe/Berlin", "Australia/Lord_Howe",
             "Africa/Casablanca", "Pacific/Apia"}) {
        auto local_time = LocalTime::in_zone(name);
        ASSERT_TRUE(local_time);
        const date::time_zone& zone = *date::locate_zone(name);
        date::sys_seconds at = date::sys_days(date::year(1990) / 1 / 1);
        while (at < date::sys_days(date::year(2030) / 1 / 1)) {
            const date::sys_info info = zone.get_info(at);
            for (int minute = -26 * 60; minute <= 26 * 60; minute += 10) {
                const seconds local =
                        (info.end + info.offset).time_since_epoch() + std::chrono::minutes(minute);
                const auto expected = zone.get_info(date::local_seconds(local)).first.offset;
                ASSERT_EQ(local_time->to_utc(local), local - expected)
                        << name << " " << local.count();
            }
            at = info.end;
            if (at > date::sys_days(date::year(2037) / 1 / 1)) break;
        }
    }
}

}  // namespace
}  // namespace foz::mapping
