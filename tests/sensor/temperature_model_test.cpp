// SPDX-License-Identifier: Apache-2.0
#include "sensor/temperature_model.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include <gtest/gtest.h>

namespace foz::sensor {
namespace {

using std::chrono::seconds;

constexpr SystemTime kStart{std::chrono::sys_days{std::chrono::year(2022) / 8 / 1}};

std::vector<int> readings(std::uint64_t seed, seconds interval, int count) {
    TemperatureModel model(seed);
    std::vector<int> tenths;
    for (int reading = 0; reading < count; ++reading) {
        tenths.push_back(model.next(kStart + interval * reading));
    }
    return tenths;
}

TEST(TemperatureModel, gives_the_same_readings_for_the_same_seed_and_times) {
    EXPECT_EQ(readings(7, seconds(60), 2000), readings(7, seconds(60), 2000));
    EXPECT_NE(readings(7, seconds(60), 2000), readings(8, seconds(60), 2000));
}

TEST(TemperatureModel, stays_within_what_a_room_has_for_a_year) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const auto tenths = readings(seed, seconds(3600), 24 * 365);
        EXPECT_GT(std::ranges::min(tenths), 0) << "seed " << seed;
        EXPECT_LT(std::ranges::max(tenths), 450) << "seed " << seed;
    }
}

TEST(TemperatureModel, changes_by_little_from_one_second_to_the_next) {
    const auto tenths = readings(3, seconds(1), 10'000);
    for (std::size_t at = 1; at < tenths.size(); ++at) {
        ASSERT_LE(std::abs(tenths[at] - tenths[at - 1]), 5) << "reading " << at;
    }
}

TEST(TemperatureModel, is_warmer_in_the_afternoon_than_in_the_early_morning) {
    int warmer = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const auto tenths = readings(seed, seconds(3600), 24);
        warmer += tenths[15] > tenths[3] ? 1 : 0;
    }
    EXPECT_GT(warmer, 95);
}

}  // namespace
}  // namespace foz::sensor
