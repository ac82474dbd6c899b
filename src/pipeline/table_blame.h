// SPDX-License-Identifier: Apache-2.0
// Which table the last failures of a lane were about, and when they are enough to set it aside
// (side_lanes.h). The lane's thread.
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "sink/sink.h"

namespace foz::pipeline {

class TableBlame {
  public:
    /// After an attempt that took so long: whether the table that the error names stands in the way
    /// of the others.
    [[nodiscard]] bool is_enough(const sink::SinkError& error, SteadyTime::duration took) {
        if (!error.table) {
            return false;
        }
        times_ = table_ == error.table ? times_ + 1 : 1;
        table_ = error.table;
        const bool lasting = error.failure == sink::FailureKind::blocked ||
                             (error.failure == sink::FailureKind::retry && took >= kLongFailure);
        return lasting ||
               times_ >= (error.failure == sink::FailureKind::reconnect ? kSilences : kFailures);
    }
    void clear() { table_.reset(); }

  private:
    static constexpr std::chrono::seconds kLongFailure{1};
    static constexpr int kFailures = 3;  // short ones, in a row
    static constexpr int kSilences = 2;  // each as long as SinkOptions::answer_timeout

    std::optional<std::size_t> table_;
    int times_ = 0;  // in a row
};

}  // namespace foz::pipeline
