// SPDX-License-Identifier: Apache-2.0
// Deadlines of many connections at the cost of a few bytes each: a ring of buckets, one for each
// tick. A connection that lives on does not move in the ring: when its bucket comes up, the reactor
// looks at the connection and enters it again for its real deadline.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "broker/connection_handle.h"

namespace foz::broker {

/// One thread.
class DeadlineWheel {
  public:
    /// The resolution: a deadline comes up at most this much late.
    static constexpr std::chrono::milliseconds kTick{100};

    /// A deadline further away than this comes up early.
    static constexpr std::chrono::milliseconds kHorizon = kTick * 1000;

    explicit DeadlineWheel(SteadyTime now) : next_tick_(now + kTick) {}

    /// `connection` comes up at `deadline`, or earlier when it is further away than the ring is
    /// long.
    void add(ConnectionHandle connection, SteadyTime deadline) {
        // Rounded up: a bucket that comes up before its deadline would be taken for an old entry.
        constexpr SteadyTime::duration kRoundUp = kTick - SteadyTime::duration(1);
        const auto ticks = (std::max(deadline, next_tick_) - next_tick_ + kRoundUp) / kTick + 1;
        const auto ahead = std::min<std::size_t>(static_cast<std::size_t>(ticks), kBuckets - 1);
        buckets_[(current_ + ahead) % kBuckets].push_back(connection);
    }

    /// Calls `visit(handle)` for every connection whose bucket has come up by `now`. `visit` may
    /// call add().
    template <class Visit>
    void advance(SteadyTime now, Visit visit) {
        if (now < next_tick_) {
            return;
        }
        // The ring is at `now` before anybody is visited, however long that took: what add() enters
        // then is not passed again. After a whole round nothing is left to come up.
        const auto ticks = (now - next_tick_) / kTick + 1;
        next_tick_ += ticks * kTick;
        due_.clear();
        for (auto left = std::min<std::int64_t>(ticks, kBuckets); left > 0; --left) {
            current_ = (current_ + 1) % kBuckets;
            std::vector<ConnectionHandle>& bucket = buckets_[current_];
            due_.insert(due_.end(), bucket.begin(), bucket.end());
            bucket.clear();
        }
        for (const ConnectionHandle& connection : due_) {
            visit(connection);
        }
    }

  private:
    static constexpr std::size_t kBuckets = 1024;  // 102 seconds around

    std::array<std::vector<ConnectionHandle>, kBuckets> buckets_;
    std::vector<ConnectionHandle> due_;
    std::size_t current_ = 0;
    SteadyTime next_tick_;  // when the bucket after current_ comes up
};

}  // namespace foz::broker
