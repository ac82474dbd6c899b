// SPDX-License-Identifier: Apache-2.0
#include "config/quantity.h"

#include <gtest/gtest.h>

namespace foz::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Duration, is_a_number_and_a_unit) {
    EXPECT_EQ(parse_duration("20ms"), milliseconds(20));
    EXPECT_EQ(parse_duration("10s"), seconds(10));
    EXPECT_EQ(parse_duration("5m"), minutes(5));
    EXPECT_EQ(parse_duration("12h"), hours(12));
    EXPECT_EQ(parse_duration("7d"), hours(24 * 7));
    EXPECT_EQ(parse_duration("7 d"), hours(24 * 7));
    EXPECT_EQ(parse_duration("0s"), seconds(0));
}

TEST(Duration, needs_its_unit_and_nothing_else) {
    for (const char* text : {"", "20", "ms", "-1s", "1.5s", "1 week", "1s ", " 1s", "1  s", "1S",
             "1s1ms", "99999999999999999999s", "36501d"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(Size, is_a_number_and_a_unit) {
    EXPECT_EQ(parse_size("0B"), 0U);
    EXPECT_EQ(parse_size("512B"), 512U);
    EXPECT_EQ(parse_size("1 KiB"), 1024U);
    EXPECT_EQ(parse_size("64MiB"), 64ULL << 20);
    EXPECT_EQ(parse_size("10GiB"), 10ULL << 30);
    EXPECT_EQ(parse_size("3TiB"), 3ULL << 40);
}

TEST(Size, does_not_guess_what_a_megabyte_is) {
    for (const char* text : {"", "64", "64MB", "64M", "MiB", "-1B", "1.5GiB", "8388608TiB"}) {
        EXPECT_FALSE(parse_size(text)) << text;
    }
}

TEST(Quantity, is_shown_in_the_largest_unit_that_leaves_a_whole_number) {
    EXPECT_EQ(duration_text(seconds(0)), "0s");
    EXPECT_EQ(duration_text(milliseconds(1'500)), "1500ms");
    EXPECT_EQ(duration_text(seconds(90)), "90s");
    EXPECT_EQ(duration_text(hours(48)), "2d");
    EXPECT_EQ(rounded_size_text(0), "0 bytes");
    EXPECT_EQ(rounded_size_text(1'023), "1023 bytes");
    EXPECT_EQ(rounded_size_text(3 << 20), "3 MiB");
    EXPECT_EQ(rounded_size_text((3 << 20) + (1 << 19)), "3.5 MiB");
    EXPECT_EQ(size_text(0), "0B");
    EXPECT_EQ(size_text(1'000), "1000B");
    EXPECT_EQ(size_text(64 << 20), "64MiB");
}

TEST(Quantity, is_read_back_as_it_is_shown) {
    for (const std::int64_t value : {1, 999, 1'000, 60'000, 86'400'000, 86'400'001}) {
        EXPECT_EQ(parse_duration(duration_text(milliseconds(value))), milliseconds(value));
    }
    for (const std::uint64_t value : {1ULL, 1'023ULL, 1'024ULL, 1ULL << 20, (1ULL << 40) + 1}) {
        EXPECT_EQ(parse_size(size_text(value)), value);
    }
}

}  // namespace
}  // namespace foz::config
