// SPDX-License-Identifier: Apache-2.0
// How much a reactor has been handed and has not dealt with. Any thread.
#pragma once

#include <cstddef>

#include "base/mutex.h"

namespace foz::delivery {

class Backlog {
  public:
    void add(std::size_t items) {
        const MutexLock lock(mutex_);
        items_ += items;
    }
    void remove(std::size_t items) {
        {
            const MutexLock lock(mutex_);
            items_ -= items;
        }
        less_.notify_one();
    }
    /// Until there are fewer than `items`, or close() was called. One waits at a time.
    void wait_below(std::size_t items) {
        const MutexLock lock(mutex_);
        less_.wait(mutex_, [&]() FOZ_REQUIRES(mutex_) { return closed_ || items_ < items; });
    }
    void close() {
        {
            const MutexLock lock(mutex_);
            closed_ = true;
        }
        less_.notify_all();
    }

  private:
    Mutex mutex_;
    ConditionVariable less_;
    std::size_t items_ FOZ_GUARDED_BY(mutex_) = 0;
    bool closed_ FOZ_GUARDED_BY(mutex_) = false;
};

}  // namespace foz::delivery
