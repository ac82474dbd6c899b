// SPDX-License-Identifier: Apache-2.0
// What foz remembers about the lanes of a database outside of that database: into how many the
// journal was split, from which position on; and gaps: records that a lane needed and the journal
// no longer had. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "journal/position.h"
#include "state/state_database.h"

namespace foz::state {

struct LaneLayout {
    std::uint32_t lanes = 1;
    journal::Position since;  // records below were the business of the layout before
};

/// nullopt: the database was never used with this journal.
[[nodiscard]] Result<std::optional<LaneLayout>> load_lane_layout(
        StateDatabase& state, const std::string& journal, const std::string& database);

[[nodiscard]] Result<void> save_lane_layout(StateDatabase& state, const std::string& journal,
        const std::string& database, const LaneLayout& layout);

struct Gap {
    std::string journal;
    std::string database;
    std::string lane;
    journal::Position first;  // the records [first, past) are missing
    journal::Position past;
    SystemTime noticed;
    bool accepted = false;  // a person knows
};

/// Saving the same gap again changes nothing.
[[nodiscard]] Result<void> save_gap(StateDatabase& state, const Gap& gap);
[[nodiscard]] Result<std::vector<Gap>> load_gaps(StateDatabase& state, const std::string& journal);
[[nodiscard]] Result<void> accept_gaps(StateDatabase& state, const std::string& journal);

}  // namespace foz::state
