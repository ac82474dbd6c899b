// SPDX-License-Identifier: Apache-2.0
#include "state/lane_history.h"

#include "state/stored.h"

namespace foz::state {

namespace {}  // namespace

Result<std::optional<LaneLayout>> load_lane_layout(
        StateDatabase& state, const std::string& journal, const std::string& database) {
    using Loaded = SqliteResult<std::optional<LaneLayout>>;
    return state.run("cannot read the lane layout", [&](SqliteConnection& connection) -> Loaded {
        auto select = connection.prepare(
                "SELECT lanes, since FROM lane_layout WHERE journal = ? AND database = ?");
        if (!select) {
            return std::unexpected(std::move(select.error()));
        }
        select->bind(1, journal);
        select->bind(2, database);
        auto row = select->step();
        if (!row) {
            return std::unexpected(std::move(row.error()));
        }
        if (!*row) {
            return std::nullopt;
        }
        return LaneLayout{
            static_cast<std::uint32_t>(select->integer(0)), position_from(select->integer(1))};
    });
}

Result<void> save_lane_layout(StateDatabase& state, const std::string& journal,
        const std::string& database, const LaneLayout& layout) {
    return state.run("cannot save the lane layout", [&](SqliteConnection& connection) {
        return connection.run("INSERT OR REPLACE INTO lane_layout VALUES (?, ?, ?, ?)",
                [&](Statement& statement) {
                    statement.bind(1, journal);
                    statement.bind(2, database);
                    statement.bind(3, static_cast<std::int64_t>(layout.lanes));
                    statement.bind(4, stored(layout.since));
                });
    });
}

Result<void> save_gap(StateDatabase& state, const Gap& gap) {
    return state.run("cannot save a gap", [&](SqliteConnection& connection) {
        return connection.run("INSERT OR IGNORE INTO gap VALUES (?, ?, ?, ?, ?, ?, ?)",
                [&](Statement& statement) {
                    statement.bind(1, gap.journal);
                    statement.bind(2, gap.database);
                    statement.bind(3, gap.lane);
                    statement.bind(4, stored(gap.first));
                    statement.bind(5, stored(gap.past));
                    statement.bind(6, std::int64_t{gap.noticed.time_since_epoch().count()});
                    statement.bind(7, static_cast<std::int64_t>(gap.accepted));
                });
    });
}

Result<std::vector<Gap>> load_gaps(StateDatabase& state, const std::string& journal) {
    using Loaded = SqliteResult<std::vector<Gap>>;
    return state.run("cannot read gaps", [&](SqliteConnection& connection) -> Loaded {
        std::vector<Gap> gaps;
        auto read = connection.for_each_row(
                "SELECT database, lane, first, past, noticed, accepted FROM gap WHERE journal = ?",
                [&](Statement& select) { select.bind(1, journal); },
                [&](const Statement& row) {
                    gaps.push_back({journal, std::string(row.text(0)), std::string(row.text(1)),
                        position_from(row.integer(2)), position_from(row.integer(3)),
                        SystemTime(Microseconds(row.integer(4))), row.integer(5) != 0});
                });
        if (!read) {
            return std::unexpected(std::move(read.error()));
        }
        return gaps;
    });
}

Result<void> accept_gaps(StateDatabase& state, const std::string& journal) {
    return state.run("cannot accept gaps", [&](SqliteConnection& connection) {
        return connection.run("UPDATE gap SET accepted = 1 WHERE journal = ?",
                [&](Statement& statement) { statement.bind(1, journal); });
    });
}

}  // namespace foz::state
