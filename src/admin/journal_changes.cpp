// SPDX-License-Identifier: Apache-2.0
#include "admin/journal_changes.h"

#include <algorithm>
#include <optional>

#include "admin/data_folder.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "journal/local/local_journal.h"
#include "pipeline/journal_renewal.h"
#include "pipeline/orphaned_cursors.h"
#include "server/journal_options.h"

namespace foz::admin {
namespace {

Result<journal::NamedCursor> find_cursor(const journal::Journal& journal, const std::string& name) {
    const auto cursors = journal.cursors();
    const auto found = std::ranges::find(cursors, name, &journal::NamedCursor::name);
    if (found == cursors.end()) {
        return fail(
                ErrorCode::invalid, "there is no cursor \"{}\"; `foz journal` lists them", name);
    }
    return *found;
}

/// Gives up what the cursor stands for, beside the journal.
Result<void> give_up(const std::string& cursor, const std::string& journal_id,
        const config::Settings& settings) {
    if (pipeline::is_orphaned_cursor(cursor, settings.databases)) {
        return {};
    }
    auto state = open_state(settings);
    if (!state) {
        return pass_on(state);
    }
    auto found = pipeline::OrphanedSideLane::find(cursor, journal_id, settings, **state);
    if (!found) {
        return pass_on(found);
    }
    const std::optional<pipeline::OrphanedSideLane>& side_lane = *found;
    if (!side_lane) {
        return fail(ErrorCode::invalid,
                "\"{}\" is in use: only what a database or a table has left that is no longer "
                "configured can be given up",
                cursor);
    }
    return side_lane->give_up(**state);
}

}  // namespace

Result<ForgottenCursor> forget_cursor(const config::Settings& settings, const std::string& name) {
    // Looked for first without the lock: a name that was misspelt is said so also while foz runs.
    auto seen = open_journal(settings);
    if (!seen) {
        return pass_on(seen);
    }
    if (auto there = find_cursor(**seen, name); !there) {
        return pass_on(there);
    }
    auto journal = journal::local::open_local_journal(
            server::journal_options(settings), real_file_system(), real_clock());
    if (!journal) {
        return pass_on(journal);
    }
    auto cursor = find_cursor(**journal, name);
    if (!cursor) {
        return pass_on(cursor);
    }
    if (auto given_up = give_up(name, (*journal)->status().id, settings); !given_up) {
        return pass_on(given_up);
    }
    (*journal)->remove_cursor(name);
    const journal::Position end = (*journal)->durable_end();
    return ForgottenCursor{*cursor, journal::records_between(cursor->position, end)};
}

Result<state::Renewal> renew_journal_id(const config::Settings& settings, const std::string& from) {
    std::optional<journal::Position> since;
    if (!from.empty()) {
        auto seen = open_journal(settings);
        if (!seen) {
            return pass_on(seen);
        }
        auto position = position_from(**seen, from);
        if (!position) {
            return pass_on(position);
        }
        since = *position;
    }
    auto state = open_state(settings);
    if (!state) {
        return pass_on(state);
    }
    return pipeline::renew_journal(
            server::journal_options(settings), real_file_system(), real_clock(), **state, since);
}

}  // namespace foz::admin
