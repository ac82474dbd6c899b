// SPDX-License-Identifier: Apache-2.0
#include "pipeline/lane_layout.h"

#include <algorithm>
#include <vector>

#include "state/side_spans.h"

namespace foz::pipeline {

namespace {

// The cursors of a lane's side lanes.
std::vector<journal::NamedCursor> side_cursors(
        const journal::Journal& journal, const std::string& lane_cursor) {
    auto cursors = journal.cursors();
    std::erase_if(cursors, [&](const journal::NamedCursor& cursor) {
        return !cursor.name.starts_with(lane_cursor + "/");
    });
    return cursors;
}

// Records that the slowest of the old lanes has not passed, as far as the journal knows.
std::uint64_t waiting_for(
        const journal::Journal& journal, const std::string& database, std::uint32_t lanes) {
    const auto cursors = journal.cursors();
    const journal::Position end = journal.durable_end();
    std::uint64_t waiting = 0;
    for (std::uint32_t lane = 0; lane < lanes; ++lane) {
        const std::string name = fmt::format("{}/{}", database, lane_name(lane));
        const auto cursor = std::ranges::find(cursors, name, &journal::NamedCursor::name);
        const journal::Position position =
                cursor == cursors.end() ? journal::Position() : cursor->position;
        waiting = std::max(waiting, journal::records_between(position, end));
        for (const journal::NamedCursor& side : side_cursors(journal, name)) {
            waiting = std::max(waiting, journal::records_between(side.position, end));
        }
    }
    return waiting;
}

}  // namespace

std::string lane_name(std::uint32_t index) {
    return fmt::format("main-{}", index);
}

Result<state::LaneLayout> choose_lane_layout(state::StateDatabase& state, journal::Journal& journal,
        const std::string& database, std::uint32_t lanes) {
    const std::string journal_id = journal.status().id;
    auto loaded = state::load_lane_layout(state, journal_id, database);
    if (!loaded) {
        return pass_on(loaded);
    }
    const std::optional<state::LaneLayout>& before = *loaded;
    if (before && before->lanes == lanes) {
        return *before;
    }
    state::LaneLayout layout{lanes, {}};
    if (before) {
        const std::uint64_t waiting = waiting_for(journal, database, before->lanes);
        if (waiting > 0) {
            return fail(ErrorCode::invalid,
                    "database {}: lanes was {} and is now {}, but {} {} for the old lanes. Run foz "
                    "with lanes = {} until nothing waits, stop it, then change lanes",
                    database, before->lanes, lanes, waiting,
                    waiting == 1 ? "record still waits" : "records still wait", before->lanes);
        }
        layout.since = journal.durable_end();
    }
    if (auto saved = state::save_lane_layout(state, journal_id, database, layout); !saved) {
        return pass_on(saved);
    }
    if (before) {
        for (std::uint32_t lane = 0; lane < before->lanes; ++lane) {
            const std::string cursor = fmt::format("{}/{}", database, lane_name(lane));
            for (const journal::NamedCursor& side : side_cursors(journal, cursor)) {
                journal.remove_cursor(side.name);
            }
            journal.remove_cursor(cursor);
        }
        if (auto removed = state::remove_side_spans(state, journal_id, database); !removed) {
            return pass_on(removed);
        }
    }
    return layout;
}

}  // namespace foz::pipeline
