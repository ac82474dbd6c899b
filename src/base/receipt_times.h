// SPDX-License-Identifier: Apache-2.0
// Times of receipt that tell messages apart: no two messages of the process get the same
// microsecond, though many come with one read. One object for each thread that receives; the
// objects share one counter, which is asked for a few microseconds at a time.
//
// More than a million messages a second run ahead of the clock by that. A clock that was set back
// by more than kLeadMax is followed.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace foz {

class ReceiptTimes {
  public:
    static constexpr Microseconds kLeadMax{10'000'000};

    /// The time that the next messages are received at, or right after.
    void set_now(SystemTime now);

    /// Another one with each call; increases from call to call while the clock is not set back.
    [[nodiscard]] SystemTime next();

  private:
    std::int64_t now_ = 0;
    // Claimed and not given to a message yet: [next_, end_).
    std::int64_t next_ = 0;
    std::int64_t end_ = 0;
    std::int64_t claim_ = 1;  // how many to claim next time: twice as many each time in one read
};

}  // namespace foz
