// SPDX-License-Identifier: Apache-2.0
// Where a lane goes on, from what the database says and what the journal still has. Pure; runner.h
// says why.
#pragma once

#include <optional>
#include <string>

#include "journal/journal.h"
#include "sink/sink.h"

namespace foz::pipeline {

/// What is known when a lane has connected.
struct LaneFacts {
    sink::Cursor found;       // in the database; {0, 0}: none
    journal::Position since;  // the lane never starts before this record (RunnerOptions)
    journal::Position first;  // the oldest record in the journal
    journal::Position end;    // its durable end
    /// The lane's own cursor in the journal, as it was when foz started: how far it had come by
    /// then, at least.
    std::optional<journal::Position> known;
    /// The lane holds nothing in the journal: what is gone that it was to write again is a gap,
    /// however new the lane is.
    bool replays = false;
};

struct LaneStart {
    sink::Cursor cursor;
    /// Records [first, second) are missing: the database needed them and they are not there any
    /// more.
    std::optional<std::pair<journal::Position, journal::Position>> gap;
    /// The lane cannot go on; why, and what to do.
    std::optional<std::string> blocked;
};

[[nodiscard]] LaneStart lane_start(const LaneFacts& facts);

}  // namespace foz::pipeline
