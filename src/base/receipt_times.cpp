// SPDX-License-Identifier: Apache-2.0
#include "base/receipt_times.h"

#include <algorithm>
#include <atomic>

namespace foz {
namespace {

constexpr std::int64_t kClaimMax = 64;

// The first microsecond that nobody has claimed. The threads share nothing else, hence relaxed.
std::atomic<std::int64_t> unclaimed{0};

}  // namespace

void ReceiptTimes::set_now(SystemTime now) {
    now_ = now.time_since_epoch().count();
    // What the last read has claimed and not used is in the past by now.
    next_ = end_ = 0;
    claim_ = 1;
}

SystemTime ReceiptTimes::next() {
    if (next_ == end_) {
        std::int64_t free = unclaimed.load(std::memory_order_relaxed);
        do {
            const bool was_set_back = free - now_ > kLeadMax.count();
            next_ = was_set_back ? now_ : std::max(free, now_);
            end_ = next_ + claim_;
        } while (!unclaimed.compare_exchange_weak(free, end_, std::memory_order_relaxed));
        claim_ = std::min(2 * claim_, kClaimMax);
    }
    return SystemTime(Microseconds(next_++));
}

}  // namespace foz
