// SPDX-License-Identifier: Apache-2.0
#include "bridge/publish_rate.h"

#include <algorithm>
#include <limits>

namespace foz::bridge {
namespace {

// The bucket holds this part of what a second allows, and is refilled with the rest, so that no
// second has more, whenever it begins.
constexpr double kBucket = 0.1;
constexpr double kRefill = 1 - kBucket;

}  // namespace

PublishRate::PublishRate(const config::RemoteLimits& limits)
    : messages_per_second_(limits.publishes_per_second),
      bytes_per_second_(limits.bytes_per_second),
      limited_(limits.publishes_per_second != std::numeric_limits<std::uint32_t>::max() ||
               limits.bytes_per_second != std::numeric_limits<std::uint32_t>::max()),
      messages_(messages_per_second_ * kBucket),
      bytes_(bytes_per_second_ * kBucket) {}

std::chrono::nanoseconds PublishRate::wait(SteadyTime now) {
    const double seconds = std::chrono::duration<double>(now - filled_).count();
    filled_ = now;
    const auto refill = [seconds](double& level, double per_second) {
        const double full = per_second * kBucket;
        level = std::min(full, level + seconds * per_second * kRefill);
    };
    refill(messages_, messages_per_second_);
    refill(bytes_, bytes_per_second_);
    const double lacking = std::max((1 - messages_) / (messages_per_second_ * kRefill),
            -bytes_ / (bytes_per_second_ * kRefill));
    if (lacking <= 0) {
        return {};
    }
    return std::chrono::ceil<std::chrono::nanoseconds>(std::chrono::duration<double>(lacking)) +
           std::chrono::microseconds(1);
}

void PublishRate::take(std::size_t bytes) {
    messages_ -= 1;
    bytes_ -= static_cast<double>(bytes);
}

}  // namespace foz::bridge
