// SPDX-License-Identifier: Apache-2.0
#include "pipeline/journal_renewal.h"

#include <algorithm>
#include <map>
#include <string>

#include "journal/local/new_journal_id.h"

namespace foz::pipeline {

Result<state::Renewal> renew_journal(const journal::local::LocalJournalOptions& options,
        FileSystem& files, const Clock& clock, state::StateDatabase& state,
        std::optional<journal::Position> from) {
    auto opened = journal::local::open_local_journal(options, files, clock);
    if (!opened) {
        return pass_on(opened);
    }
    journal::Journal& journal = **opened;
    const journal::Status status = journal.status();
    if (from && (*from < status.first || *from > status.durable_end)) {
        return fail(ErrorCode::invalid,
                "the journal has the records from {} up to, but not including, {}; {} is not among "
                "them",
                status.first, status.durable_end, *from);
    }
    std::map<std::string, journal::Position> starts;  // by database
    for (const journal::NamedCursor& cursor : journal.cursors()) {
        const std::size_t slash = cursor.name.find('/');
        if (slash == std::string::npos) {
            continue;
        }
        const journal::Position position = from.value_or(cursor.position);
        const auto [start, is_new] = starts.try_emplace(cursor.name.substr(0, slash), position);
        start->second = std::min(start->second, position);
    }
    // The lanes' own cursors say as much as the layout does, or a lane would seem to have lost what
    // it stored under the id before. Side lanes (side_lanes.h) end.
    for (const journal::NamedCursor& cursor : journal.cursors()) {
        const std::size_t slash = cursor.name.find('/');
        const auto start = starts.find(cursor.name.substr(0, slash));
        if (start == starts.end()) {
            continue;
        }
        journal.remove_cursor(cursor.name);
        if (cursor.name.find('/', slash + 1) == std::string::npos) {
            journal.set_cursor(cursor.name, start->second);
        }
    }
    state::Renewal renewal{status.id, journal::local::new_journal_id(), {}};
    for (const auto& [database, since] : starts) {
        renewal.databases.push_back({database, since});
    }
    if (auto begun = state::begin_renewal(state, renewal); !begun) {
        return pass_on(begun);
    }
    if (auto set = journal::local::set_public_journal_id(files, options.directory, renewal.after);
            !set) {
        return pass_on(set);
    }
    if (auto finished = state::finish_renewal(state, renewal.after); !finished) {
        return pass_on(finished);
    }
    return renewal;
}

}  // namespace foz::pipeline
