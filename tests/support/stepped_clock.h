// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"

namespace foz::support {

/// Both times stand still until it is stepped. Any thread.
class SteppedClock final : public Clock {
  public:
    [[nodiscard]] SystemTime system_now() const override {
        return SystemTime(std::chrono::seconds(1'700'000'000) +
                          std::chrono::floor<Microseconds>(passed_.load()));
    }
    [[nodiscard]] SteadyTime steady_now() const override { return SteadyTime(passed_.load()); }

    void step(std::chrono::nanoseconds time) {
        passed_ = passed_.load() + time;
        const MutexLock lock(mutex_);
        for (ClockWaiter* const waiter : waiters_) {
            waiter->on_clock_moved();
        }
    }

    void add_waiter(ClockWaiter& waiter) const override {
        const MutexLock lock(mutex_);
        waiters_.push_back(&waiter);
    }
    void remove_waiter(ClockWaiter& waiter) const override {
        const MutexLock lock(mutex_);
        std::erase(waiters_, &waiter);
    }

  private:
    std::atomic<std::chrono::nanoseconds> passed_{std::chrono::hours(1)};
    mutable Mutex mutex_;
    mutable std::vector<ClockWaiter*> waiters_ FOZ_GUARDED_BY(mutex_);
};

}  // namespace foz::support
