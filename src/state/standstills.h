// SPDX-License-Identifier: Apache-2.0
// Lanes that stand still, and why: kept where `foz check` and `foz verify` see it, whether foz runs
// or not. A lane writes its own and removes it when it moves again. Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "state/state_database.h"

namespace foz::state {

struct StandstillNote {
    std::string journal;
    std::string database;
    std::string lane;
    SystemTime since;           // its first attempt that failed
    SystemTime noted;           // when the lane said the rest
    std::uint64_t waiting = 0;  // records of the journal, then
    std::string cause;          // of the last failure, for a person; holds no password
    bool needs_person = false;  // trying again will not do
};

/// One for each lane. `since` stays as it is when there is one already: a lane that has not moved
/// before foz was started again has stood still all the time.
[[nodiscard]] Result<void> save_standstill(StateDatabase& state, const StandstillNote& note);

/// Whether there is one or not.
[[nodiscard]] Result<void> remove_standstill(StateDatabase& state, const std::string& journal,
        const std::string& database, const std::string& lane);

/// Those of other journals than `journal`, which no lane will remove any more.
[[nodiscard]] Result<void> remove_standstills_of_others(
        StateDatabase& state, const std::string& journal);

/// Those that a state database `file` has, by database and lane. Changes nothing, not even the
/// tables of an older foz, and needs no right to.
[[nodiscard]] Result<std::vector<StandstillNote>> read_standstills(
        const std::filesystem::path& file);

}  // namespace foz::state
