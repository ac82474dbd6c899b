// SPDX-License-Identifier: Apache-2.0
// From the time on a wall to an instant, fast: which offset from UTC holds is remembered for each
// period between two changes of the clocks, so that the time-zone database is asked once in a
// period and not once in a message.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/error.h"

namespace date {
class time_zone;
}

namespace foz::mapping {

/// One time zone. One thread.
class LocalTime {
  public:
    /// UTC.
    LocalTime() = default;

    /// `zone` is a name of the IANA database. Error: invalid, with the nearest name as a hint;
    /// unavailable, if the machine has no time-zone database.
    [[nodiscard]] static Result<LocalTime> in_zone(const std::string& zone);

    /// The instant at which the clocks of the zone show `local` (both in seconds from 1970-01-01
    /// 00:00:00). Where the clocks show a time twice, the earlier one is meant. Where they skip it,
    /// it is read with the offset from before the change, and so comes out later by the length of
    /// the gap.
    [[nodiscard]] std::chrono::seconds to_utc(std::chrono::seconds local) {
        if (zone_ == nullptr) return local;
        if (local < current_.begin || local >= current_.end) {
            current_ = period_at(local);
        }
        return local - current_.offset;
    }

  private:
    /// The wall times [begin, end) for which `offset` is to be used.
    struct Period {
        std::chrono::seconds begin{0};
        std::chrono::seconds end{0};
        std::chrono::seconds offset{0};
    };

    [[nodiscard]] Period period_at(std::chrono::seconds local);

    const date::time_zone* zone_ = nullptr;  // nullptr: UTC
    Period current_;
    std::vector<Period> known_;  // a few, for devices that send old readings among new ones
};

}  // namespace foz::mapping
