// SPDX-License-Identifier: Apache-2.0
#include "bridge/publish_rate.h"

#include <deque>

#include <gtest/gtest.h>

namespace foz::bridge {
namespace {

TEST(PublishRate, asks_nothing_of_a_broker_without_limits) {
    EXPECT_FALSE(PublishRate(config::limits_of(config::Profile::mqtt)).limited());
    EXPECT_TRUE(PublishRate(config::limits_of(config::Profile::aws_iot)).limited());
}

TEST(PublishRate, lets_no_second_have_more_than_the_broker_allows_and_uses_most_of_it) {
    const config::RemoteLimits& limits = config::limits_of(config::Profile::aws_iot);
    PublishRate rate(limits);
    SteadyTime now{std::chrono::hours(1)};
    const SteadyTime end = now + std::chrono::seconds(10);
    std::deque<SteadyTime> last_second;
    std::size_t published = 0;
    while (now < end) {
        if (const auto wait = rate.wait(now); wait.count() > 0) {
            now += wait;
            continue;
        }
        rate.take(100);
        ++published;
        last_second.push_back(now);
        while (now - last_second.front() >= std::chrono::seconds(1)) {
            last_second.pop_front();
        }
        ASSERT_LE(last_second.size(), limits.publishes_per_second);
    }
    EXPECT_GE(published, limits.publishes_per_second * 85 / 10);
}

TEST(PublishRate, waits_for_the_bytes_of_large_messages) {
    const config::RemoteLimits& limits = config::limits_of(config::Profile::aws_iot);
    PublishRate rate(limits);
    SteadyTime now{std::chrono::hours(1)};
    (void)rate.wait(now);
    rate.take(limits.bytes_per_second);
    const auto wait = rate.wait(now);
    EXPECT_GT(wait, std::chrono::milliseconds(900));
    EXPECT_EQ(rate.wait(now + wait).count(), 0);
}

}  // namespace
}  // namespace foz::bridge
