// SPDX-License-Identifier: Apache-2.0
#include "state/route_starts.h"

#include <algorithm>

#include "state/stored.h"

namespace foz::state {

namespace {

// Whether routes of this lane, or of the lanes of another layout, have been noted before: then one
// that has not is new.
SqliteResult<bool> has_history(SqliteConnection& connection, const MappingLane& lane) {
    bool any = false;
    auto read = connection.for_each_row(
            "SELECT 1 FROM route_start WHERE journal = ? AND database = ? AND (lanes <> ? OR lane "
            "= ?) LIMIT 1",
            [&](Statement& select) {
                select.bind(1, lane.journal);
                select.bind(2, lane.database);
                select.bind(3, std::int64_t{lane.lanes});
                select.bind(4, lane.lane);
            },
            [&](const Statement&) { any = true; });
    if (!read) {
        return std::unexpected(std::move(read.error()));
    }
    return any;
}

}  // namespace

Result<void> note_routes(StateDatabase& state, const MappingLane& lane,
        std::span<const RouteOfTable> routes, journal::Position position) {
    const auto note = [&](SqliteConnection& connection) -> SqliteResult<void> {
        auto transaction = Transaction::begin_write(connection);
        if (!transaction) {
            return std::unexpected(std::move(transaction.error()));
        }
        const auto is_known = has_history(connection, lane);
        if (!is_known) {
            return std::unexpected(is_known.error());
        }
        for (const RouteOfTable& one : routes) {
            auto noted = connection.run(
                    "INSERT INTO route_start (journal, database, lanes, lane, route, table_name, "
                    "position) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET table_name = "
                    "excluded.table_name",
                    [&](Statement& statement) {
                        statement.bind(1, lane.journal);
                        statement.bind(2, lane.database);
                        statement.bind(3, std::int64_t{lane.lanes});
                        statement.bind(4, lane.lane);
                        statement.bind(5, one.route);
                        statement.bind(6, one.table);
                        statement.bind(7, stored(*is_known ? position : journal::Position()));
                    });
            if (!noted) {
                return noted;
            }
        }
        return transaction->commit();
    };
    return state.run("cannot note since when there are routes", note);
}

Result<RouteStarts> RouteStarts::load(
        StateDatabase& state, const std::string& journal, const std::string& database) {
    const auto read = [&](SqliteConnection& connection) -> SqliteResult<RouteStarts> {
        RouteStarts starts;
        auto done = connection.for_each_row(
                "SELECT lanes, lane, route, table_name, position FROM route_start WHERE journal = "
                "? AND database = ? ORDER BY lanes, lane, route",
                [&](Statement& select) {
                    select.bind(1, journal);
                    select.bind(2, database);
                },
                [&](const Statement& row) {
                    starts.lines_.push_back({static_cast<std::uint32_t>(row.integer(0)),
                        std::string(row.text(1)), std::string(row.text(2)),
                        std::string(row.text(3)), position_from(row.integer(4))});
                });
        if (!done) {
            return std::unexpected(std::move(done.error()));
        }
        return starts;
    };
    return state.run("cannot read since when there are routes", read);
}

std::optional<journal::Position> RouteStarts::start_of(
        std::string_view lane, std::uint32_t lanes, std::string_view route) const {
    for (const Line& line : lines_) {
        if (line.lanes == lanes && line.lane == lane && line.route == route) {
            return line.position;
        }
    }
    return std::nullopt;
}

std::vector<std::uint32_t> RouteStarts::layouts() const {
    std::vector<std::uint32_t> found;
    for (const Line& line : lines_) {
        if (found.empty() || found.back() != line.lanes) {
            found.push_back(line.lanes);
        }
    }
    return found;
}

std::vector<RouteOfTable> RouteStarts::routes() const {
    std::vector<RouteOfTable> found;
    for (const Line& line : lines_) {
        if (std::ranges::find(found, line.route, &RouteOfTable::route) == found.end()) {
            found.push_back({line.route, line.table});
        }
    }
    return found;
}

}  // namespace foz::state
