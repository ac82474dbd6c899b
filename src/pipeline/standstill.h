// SPDX-License-Identifier: Apache-2.0
// Says that a lane stands still: once it has failed for a minute although records wait for it, and
// again every quarter of an hour. Its first warning is soon far up in the log. One thread: the
// lane's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace foz::pipeline {

class Standstill {
  public:
    /// An attempt that began at `began` has failed. Yields the line to be logged as an error, if it
    /// is time for one.
    [[nodiscard]] std::optional<std::string> failed(SteadyTime began, const Clock& clock,
            std::uint64_t waiting, std::string_view last_error, bool needs_person);

    /// The lane has moved, or nothing waits for it. Yields the line to be logged as information, if
    /// failed() had yielded one.
    [[nodiscard]] std::optional<std::string> moved(SteadyTime now);

    /// For how long, once failed() has yielded a line.
    [[nodiscard]] std::optional<SteadyTime::duration> told_length(SteadyTime now) const {
        return last_said_ && since_ ? std::optional(now - *since_) : std::nullopt;
    }

  private:
    std::optional<SteadyTime> since_;      // the first attempt that failed
    std::optional<SteadyTime> last_said_;  // since then
};

}  // namespace foz::pipeline
