// SPDX-License-Identifier: Apache-2.0
#include "sensor/latency_histogram.h"

#include <algorithm>
#include <cmath>

namespace foz::sensor {

// Values below 2^kStepBits have a bucket each. From there on, the bucket of a value is its
// magnitude (how far it must be shifted right to leave kStepBits + 1 bits) followed by the
// kStepBits bits after its leading one.
std::size_t LatencyHistogram::bucket_of(std::uint64_t value) {
    const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kStepBits - 1);
    return (static_cast<std::size_t>(shift) << kStepBits) +
           static_cast<std::size_t>(value >> shift);
}

std::uint64_t LatencyHistogram::upper_end_of(std::size_t bucket) {
    if (bucket < (2U << kStepBits)) {
        return bucket;
    }
    const std::size_t shift = (bucket >> kStepBits) - 1;
    const std::uint64_t steps = bucket - (shift << kStepBits);
    return ((steps + 1) << shift) - 1;
}

void LatencyHistogram::record(std::chrono::nanoseconds latency, std::uint64_t times) {
    const auto value = std::min(
            static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0)), kValueMax);
    counts_[bucket_of(value)] += times;
    count_ += times;
    least_ = std::min(least_, value);
    greatest_ = std::max(greatest_, value);
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
    for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
        counts_[bucket] += other.counts_[bucket];
    }
    count_ += other.count_;
    least_ = std::min(least_, other.least_);
    greatest_ = std::max(greatest_, other.greatest_);
}

std::chrono::nanoseconds LatencyHistogram::percentile(double percent) const {
    if (count_ == 0) {
        return {};
    }
    const auto rank =
            static_cast<std::uint64_t>(std::ceil(percent / 100 * static_cast<double>(count_)));
    if (rank == 0) {
        return std::chrono::nanoseconds(least_);
    }
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
        seen += counts_[bucket];
        if (seen >= rank) {
            return std::chrono::nanoseconds(std::min(upper_end_of(bucket), greatest_));
        }
    }
    return std::chrono::nanoseconds(greatest_);
}

}  // namespace foz::sensor
