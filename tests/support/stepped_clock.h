// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

namespace foz::support {

/// Both times stand still until it is stepped.
class SteppedClock final : public Clock {
  public:
    [[nodiscard]] SystemTime system_now() const override {
        return SystemTime(
            std::chrono::seconds(1'700'000'000) + std::chrono::floor<Microseconds>(passed_)
        );
    }
    [[nodiscard]] SteadyTime steady_now() const override { return SteadyTime(passed_); }
    void step(std::chrono::seconds time) { passed_ += time; }

  private:
    std::chrono::nanoseconds passed_ = std::chrono::hours(1);
};

}  // namespace foz::support
