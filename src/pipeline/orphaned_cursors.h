// SPDX-License-Identifier: Apache-2.0
// What lanes have left in the journal whose database is no longer configured: cursors that hold its
// records for ever. Dropping them could lose what a person wants to store later, under a database's
// new name for instance; so foz says that they are there, and `foz journal forget` gives them up.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/settings.h"
#include "journal/journal.h"
#include "state/side_spans.h"
#include "state/state_database.h"

namespace foz::pipeline {

/// Whether this is the cursor of a lane ("DATABASE/LANE"), and of none of these databases.
[[nodiscard]] bool is_orphaned_cursor(
        std::string_view cursor, const std::vector<config::Database>& configured);

/// A side lane ("DATABASE/LANE/TABLE", side_lanes.h) of a configured database, for tables that no
/// route of it writes any more. Any thread.
class OrphanedSideLane {
  public:
    /// Of the cursor of that name; nothing: it is none. Errors: the configuration's, state.db's.
    [[nodiscard]] static Result<std::optional<OrphanedSideLane>> find(std::string_view cursor,
            const std::string& journal_id, const config::Settings& settings,
            state::StateDatabase& state);
    /// What it was to write is nobody's from now on. Its cursor is the caller's to remove.
    [[nodiscard]] Result<void> give_up(state::StateDatabase& state) const;

  private:
    std::string journal_id_;
    std::string database_;
    std::vector<state::SideSpan> spans_;
};

/// Says for each in the log how much waits for it and what can be done.
void warn_of_orphaned_cursors(
        const journal::Journal& journal, const std::vector<config::Database>& configured);

}  // namespace foz::pipeline
