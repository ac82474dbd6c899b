// SPDX-License-Identifier: Apache-2.0
// Where in a segment's file some of its frames begin, so that who wants a record from the middle
// need not read from the start. Grows with what is read. Any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "base/mutex.h"
#include "journal/position.h"

namespace foz::journal::local {

class FrameIndex {
  public:
    /// A valid frame whose first record is at `first` begins at `offset`. Of frames that lie close
    /// together one is kept, and none before one that is.
    void note(Position first, std::uint64_t offset) {
        if (offset < next_offset_.load(std::memory_order_relaxed)) {
            return;
        }
        const MutexLock lock(mutex_);
        if (marks_.empty() || offset >= marks_.back().offset + kDistance) {
            marks_.push_back({.first = first, .offset = offset});
            next_offset_.store(offset + kDistance, std::memory_order_relaxed);
        }
    }

    /// Where to begin to look for the record at `position`; `start`, if nothing better is known.
    [[nodiscard]] std::uint64_t offset_before(Position position, std::uint64_t start) const {
        const MutexLock lock(mutex_);
        const auto behind = std::ranges::upper_bound(marks_, position, {}, &Mark::first);
        return behind == marks_.begin() ? start : std::max(start, (behind - 1)->offset);
    }

  private:
    static constexpr std::uint64_t kDistance = 256 << 10;

    struct Mark {
        Position first;
        std::uint64_t offset = 0;
    };
    mutable Mutex mutex_;
    std::vector<Mark> marks_ FOZ_GUARDED_BY(mutex_);  // ascending
    std::atomic<std::uint64_t> next_offset_ = 0;      // below, nothing is of use
};

}  // namespace foz::journal::local
