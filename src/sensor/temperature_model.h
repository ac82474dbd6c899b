// SPDX-License-Identifier: Apache-2.0
// What a simulated thermometer reads: a mean of its own, the course of the day (coldest at 3,
// warmest at 15 o'clock UTC), a slow random walk that is pulled back to zero, and the noise of the
// sensor itself. The same seed and the same times give the same readings.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace foz::sensor {

/// One thread at a time. 32 bytes, as there are thousands of them.
class TemperatureModel {
  public:
    explicit TemperatureModel(std::uint64_t seed);

    /// The temperature at `time`, in tenths of a degree Celsius; always within -50.0 and 80.0.
    /// Times should not go back.
    [[nodiscard]] std::int16_t next(SystemTime time);

  private:
    [[nodiscard]] std::uint64_t random();
    [[nodiscard]] float random_around_zero();
    void move_on(std::int64_t second);

    std::uint64_t random_state_;
    std::optional<std::int64_t> second_;  // for which course_ and walk_ were computed
    float mean_;
    float walk_ = 0;
    float course_ = 0;  // mean, time of day and walk together
};

}  // namespace foz::sensor
