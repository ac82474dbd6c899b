// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <gtest/gtest.h>

namespace foz {
namespace {

using std::chrono::seconds;

TEST(LogThrottle, lets_one_event_through_in_an_interval_and_counts_the_others) {
    LogThrottle throttle(seconds(10));
    const SteadyTime start{};
    EXPECT_EQ(throttle.pass(start), 0U);
    EXPECT_EQ(throttle.pass(start + seconds(1)), std::nullopt);
    EXPECT_EQ(throttle.pass(start + seconds(9)), std::nullopt);
    EXPECT_EQ(throttle.pass(start + seconds(10)), 2U);
    EXPECT_EQ(throttle.pass(start + seconds(11)), std::nullopt);
    EXPECT_EQ(throttle.pass(start + seconds(30)), 1U);
    EXPECT_EQ(throttle.pass(start + seconds(40)), 0U);
}

TEST(Log, knows_its_levels) {
    EXPECT_FALSE(set_up_log("loud"));
    EXPECT_TRUE(set_up_log("warn"));
    EXPECT_EQ(spdlog::default_logger()->level(), spdlog::level::warn);
}

}  // namespace
}  // namespace foz
