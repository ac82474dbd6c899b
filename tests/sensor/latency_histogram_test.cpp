// SPDX-License-Identifier: Apache-2.0
#include "sensor/latency_histogram.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace foz::sensor {
namespace {

using std::chrono::nanoseconds;

TEST(LatencyHistogram, has_no_latency_when_nothing_was_recorded) {
    EXPECT_EQ(LatencyHistogram().percentile(50), nanoseconds(0));
}

TEST(LatencyHistogram, is_exact_for_the_least_and_the_greatest) {
    LatencyHistogram histogram;
    for (const int value : {123'456'789, 1'003, 77'777}) {
        histogram.record(nanoseconds(value));
    }
    EXPECT_EQ(histogram.percentile(0), nanoseconds(1'003));
    EXPECT_EQ(histogram.percentile(100), nanoseconds(123'456'789));
    EXPECT_EQ(histogram.count(), 3U);
}

TEST(LatencyHistogram, finds_percentiles_within_a_thirty_second_of_the_sorted_list) {
    constexpr unsigned kSeed = 4711;
    SCOPED_TRACE(kSeed);
    std::mt19937_64 random(kSeed);
    std::lognormal_distribution<double> latencies(12, 3);
    LatencyHistogram histogram;
    std::vector<std::int64_t> all;
    for (int count = 0; count < 50'000; ++count) {
        all.push_back(
                std::min<std::int64_t>(static_cast<std::int64_t>(latencies(random)), 1LL << 42));
        histogram.record(nanoseconds(all.back()));
    }
    std::ranges::sort(all);
    for (const double percent : {1.0, 10.0, 50.0, 90.0, 99.0, 99.9}) {
        const auto rank = static_cast<std::size_t>(
                std::ceil(percent / 100 * static_cast<double>(all.size())));
        const auto exact = static_cast<double>(all[rank - 1]);
        const auto found = static_cast<double>(histogram.percentile(percent).count());
        EXPECT_GE(found, exact) << percent;
        EXPECT_LE(found, exact * (1 + 1.0 / 32) + 1) << percent;
    }
}

TEST(LatencyHistogram, counts_what_is_out_of_range_at_its_ends) {
    LatencyHistogram histogram;
    histogram.record(nanoseconds(-5));
    histogram.record(std::chrono::hours(24));
    EXPECT_EQ(histogram.percentile(0), nanoseconds(0));
    EXPECT_GT(histogram.percentile(100), std::chrono::hours(2));
}

TEST(LatencyHistogram, merged_is_as_if_recorded_in_one) {
    LatencyHistogram one;
    LatencyHistogram other;
    LatencyHistogram both;
    for (int value = 1; value < 10'000; value += 7) {
        (value % 2 == 0 ? one : other).record(nanoseconds(value));
        both.record(nanoseconds(value));
    }
    one.merge(other);
    EXPECT_EQ(one.count(), both.count());
    for (const double percent : {0.0, 25.0, 50.0, 99.0, 100.0}) {
        EXPECT_EQ(one.percentile(percent), both.percentile(percent));
    }
}

}  // namespace
}  // namespace foz::sensor
