// SPDX-License-Identifier: Apache-2.0
// What a lane decides about its cursor each time it has connected: whose it is (cursor_owner.h),
// where to go on (lane_start.h), which letters are to be forgotten, since when it has its routes,
// and what the database has lost. The lane's thread.
#pragma once

#include <cstdint>

#include "pipeline/journal_hold.h"
#include "pipeline/runner_dependencies.h"
#include "sink/sink.h"

namespace foz::pipeline {

class LaneClaim {
  public:
    /// All of them must outlive it.
    LaneClaim(RunnerDependencies& dependencies, const RunnerOptions& options, JournalHold& hold);

    struct Start {
        sink::Cursor cursor;
        std::uint64_t fingerprint = 0;  // of the record before it; 0: not known
    };

    /// By which to connect: with the name under which this lane moves its cursor.
    [[nodiscard]] sink::SinkResult<sink::LaneName> name();

    /// Where the lane goes on. A gap is reported, the lane's letters from there on are forgotten,
    /// and its hold on the journal follows. FailureKind::blocked: it cannot go on, a person has to
    /// decide.
    [[nodiscard]] sink::SinkResult<Start> start_from(const sink::Connected& found);

    /// Puts the lane's name to its cursor, so that whoever else takes the cursor for his own finds
    /// out now, not with the next reading.
    [[nodiscard]] sink::SinkResult<void> claim(const sink::Connected& found, const Start& start);

    /// Notes since when the lane maps the routes that it has now (state/route_starts.h). Once.
    [[nodiscard]] sink::SinkResult<void> note_routes(journal::Position from);

    /// Lets dead letters wait again that were replayed and that the database has lost since.
    [[nodiscard]] sink::SinkResult<void> look_after_replays();

  private:
    [[nodiscard]] sink::SinkResult<void> report_gap(
            journal::Position first, journal::Position past);

    RunnerDependencies& dependencies_;
    const RunnerOptions& options_;
    JournalHold& hold_;
    sink::LaneName name_;  // without a writer until that was first needed
    bool has_noted_routes_ = false;
};

}  // namespace foz::pipeline
