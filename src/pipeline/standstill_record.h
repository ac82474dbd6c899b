// SPDX-License-Identifier: Apache-2.0
// Keeps a lane's standstill in state.db while it lasts, for `foz check` and `foz verify`. When
// state.db cannot be written, the log has it still. One thread: the lane's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "config/settings.h"
#include "state/standstills.h"
#include "state/state_database.h"

namespace foz::pipeline {

class StandstillRecord {
  public:
    /// `active` false: keeps nothing, as a replay does, which a person watches.
    StandstillRecord(state::StateDatabase& state, const Clock& clock, std::string journal,
            std::string database, std::string lane, bool active);

    /// The lane has stood still for so long, and its last attempt failed for `cause`. Written when
    /// it is `due`, or the cause is another and a minute has passed.
    void keep(SteadyTime::duration still_for, std::uint64_t waiting, std::string_view cause,
            bool needs_person, bool due);

    /// The lane moves. The first call removes what an earlier run of foz has left.
    void remove();

  private:
    state::StateDatabase& state_;
    const Clock& clock_;
    const bool active_;
    state::StandstillNote note_;
    SteadyTime written_;
    bool may_be_there_ = true;
};

/// Those of the databases of `settings`, which its state.db has. Error: that cannot be read.
[[nodiscard]] Result<std::vector<state::StandstillNote>> standstills_of(
        const config::Settings& settings);

/// What a person is told: "has stood still since ...: cause. What to do".
[[nodiscard]] std::string describe(const state::StandstillNote& note);

/// What can be done about a lane that stands still.
[[nodiscard]] std::string_view advice_for_standstill(bool needs_person);

}  // namespace foz::pipeline
