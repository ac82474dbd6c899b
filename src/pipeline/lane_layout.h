// SPDX-License-Identifier: Apache-2.0
// Into how many lanes a database's share of the journal is split, and what happens when the
// configuration changes that: the new lanes start where the old ones ended, and only when those
// have nothing left to do.
#pragma once

#include <cstdint>
#include <string>

#include "journal/journal.h"
#include "state/lane_history.h"
#include "state/state_database.h"

namespace foz::pipeline {

[[nodiscard]] std::string lane_name(std::uint32_t index);

/// Call before anything is appended to the journal. Error: invalid when lanes changed while
/// messages wait.
[[nodiscard]] Result<state::LaneLayout> choose_lane_layout(state::StateDatabase& state,
        journal::Journal& journal, const std::string& database, std::uint32_t lanes);

}  // namespace foz::pipeline
