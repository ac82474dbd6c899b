// SPDX-License-Identifier: Apache-2.0
// What a runner (runner.h) is made of.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "journal/journal.h"
#include "mapping/mapping.h"
#include "pipeline/batch_filler.h"
#include "pipeline/row_share.h"
#include "sink/sink.h"
#include "state/state_database.h"

namespace foz::pipeline {

struct RunnerOptions {
    std::string database;  // the name in the configuration
    std::string lane = "main-0";
    std::uint32_t lane_index = 0;  // takes the messages of the clients whose hash % lanes is this
    std::uint32_t lanes = 1;
    journal::Position since;                 // never starts before this record
    std::optional<journal::Position> until;  // finishes there; none: runs until stop()
    /// Keeps its cursor in the journal, so that retention waits for it. A lane that does not is a
    /// replay: what is a dead letter of another lane already does not become one of it.
    bool holds_journal = true;
    std::uint32_t batch_rows_max = 20'000;
    std::size_t batch_payload_bytes_max = 16 << 20;  // of the messages in a batch
    std::chrono::milliseconds batch_delay{20};
    std::chrono::milliseconds retry_delay_max{30'000};
    /// How long replayed dead letters are kept, in case the database loses them.
    std::chrono::seconds replayed_kept = std::chrono::hours(24 * 7);
    /// Of a side lane (side_lanes.h): it goes no further than its main lane has come, which raises
    /// this.
    std::optional<journal::Position> cap;
};

/// What a side lane needs of its own.
struct SideLaneDependencies {
    mapping::Mapping mapping;
    std::unique_ptr<sink::Sink> sink;
};
using MakeSideLane = std::function<Result<SideLaneDependencies>()>;

struct RunnerDependencies {
    journal::Journal& journal;
    state::StateDatabase& state;
    const Clock& clock;
    mapping::Mapping mapping;
    std::unique_ptr<sink::Sink> sink;
    /// Every message below the position is in the database, or is none of its business. On the
    /// lane's thread or a side lane's, one at a time, after a commit; may be empty.
    std::function<void(journal::Position)> on_committed;
    NoteUnrouted on_unrouted = nullptr;  // on the lane's thread or its helper's
    /// So that tables fail apart; nothing: all wait for one. On the lane's thread.
    MakeSideLane make_side_lane = nullptr;
    /// Of a side lane.
    RowShare share = {};  // NOLINT(readability-redundant-member-init)
};

}  // namespace foz::pipeline
