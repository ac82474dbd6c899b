// SPDX-License-Identifier: Apache-2.0
// Counts of latencies in fixed buckets, exact to 1/32, as HdrHistogram does it: a bucket for each
// of 32 steps in every power of two of nanoseconds. Recording is a shift and an increment; no
// allocation after construction.
#pragma once

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace foz::sensor {

/// One thread at a time.
class LatencyHistogram {
  public:
    LatencyHistogram() : counts_(kBuckets) {}

    /// Latencies below zero count as zero; those over 2^43 ns (two hours) as that.
    void record(std::chrono::nanoseconds latency) { record(latency, 1); }

    /// The same latency, `times` times.
    void record(std::chrono::nanoseconds latency, std::uint64_t times);

    /// Adds what `other` counted.
    void merge(const LatencyHistogram& other);

    [[nodiscard]] std::uint64_t count() const { return count_; }

    /// The latency that `percent` (0 to 100) of those recorded do not exceed, as the upper end of
    /// its bucket; 0 gives the least and 100 the greatest, both exact. Zero when nothing was
    /// recorded.
    [[nodiscard]] std::chrono::nanoseconds percentile(double percent) const;

  private:
    static constexpr int kStepBits = 5;
    static constexpr int kMagnitudeMax = 43;
    static constexpr std::uint64_t kValueMax = (std::uint64_t{1} << kMagnitudeMax) - 1;
    static constexpr std::size_t kBuckets = static_cast<std::size_t>(kMagnitudeMax - kStepBits + 1)
                                            << kStepBits;

    [[nodiscard]] static std::size_t bucket_of(std::uint64_t value);
    [[nodiscard]] static std::uint64_t upper_end_of(std::size_t bucket);

    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    std::uint64_t least_ = kValueMax;
    std::uint64_t greatest_ = 0;
};

}  // namespace foz::sensor
