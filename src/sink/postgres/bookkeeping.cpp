// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/bookkeeping.h"

#include <fmt/format.h>

#include "sink/postgres/dialect.h"

namespace foz::sink::postgres {
namespace {

constexpr std::string_view kCreate =
    "CREATE TABLE IF NOT EXISTS foz_cursor (journal text, lane text, position bigint NOT NULL, "
    "ordinal bigint NOT NULL, PRIMARY KEY (journal, lane)); "
    "CREATE TABLE IF NOT EXISTS foz_ledger (journal text, lane text, route text, stored bigint NOT "
    "NULL, "
    "duplicate bigint NOT NULL, dead bigint NOT NULL, PRIMARY KEY (journal, lane, route))";

// CREATE TABLE IF NOT EXISTS needs the right to create even when the tables are there.
SinkResult<bool> is_there(Connection& connection) {
    const auto found = connection.run(
        "SELECT pg_catalog.to_regclass('foz_cursor') IS NOT NULL AND "
        "pg_catalog.to_regclass('foz_ledger') IS NOT NULL"
    );
    if (!found) {
        return std::unexpected(found.error());
    }
    return is_true(*found, 0, 0);
}

SinkResult<void> read_ledgers(
    Connection& connection, const std::string& journal, std::vector<LaneState>& lanes
) {
    const auto rows = connection.run(
        "SELECT lane, route, stored, duplicate, dead FROM foz_ledger WHERE journal = " +
        quoted_text(journal) + " ORDER BY lane COLLATE \"C\", route COLLATE \"C\""
    );
    if (!rows) {
        return std::unexpected(rows.error());
    }
    auto lane = lanes.begin();
    for (int row = 0; row < PQntuples(rows->get()); ++row) {
        while (lane != lanes.end() && lane->lane < field(*rows, row, 0)) {
            ++lane;
        }
        if (lane == lanes.end()) {
            break;
        }
        if (lane->lane == field(*rows, row, 0)) {
            lane->ledger.push_back(LedgerLine{
                .route = std::string(field(*rows, row, 1)),
                .stored = static_cast<std::uint64_t>(number(*rows, row, 2)),
                .duplicate = static_cast<std::uint64_t>(number(*rows, row, 3)),
                .dead = number(*rows, row, 4),
            });
        }
    }
    return {};
}

}  // namespace

SinkResult<void> create_bookkeeping(Connection& connection, const LaneName& lane) {
    const auto there = is_there(connection);
    if (!there) {
        return std::unexpected(there.error());
    }
    if (!*there) {
        if (auto created = connection.run(std::string(kCreate)); !created) {
            return std::unexpected(created.error());
        }
    }
    const auto made = connection.run(fmt::format(
        "INSERT INTO foz_cursor VALUES ({}, {}, 0, 0) ON CONFLICT DO NOTHING",
        quoted_text(lane.journal),
        quoted_text(lane.lane)
    ));
    if (!made) {
        return std::unexpected(made.error());
    }
    return {};
}

SinkResult<std::vector<LaneState>> read_lanes(
    Connection& connection, const std::string& journal, const std::string& lane
) {
    const auto there = is_there(connection);
    if (!there) {
        return std::unexpected(there.error());
    }
    std::vector<LaneState> lanes;
    if (!*there) {
        return lanes;
    }
    // A commit of the lane's last connection may still be on its way through the server. It holds
    // the lock on its cursor.
    const auto rows = connection.run(fmt::format(
        "SELECT lane, position, ordinal FROM foz_cursor WHERE journal = {}{}",
        quoted_text(journal),
        lane.empty() ? " ORDER BY lane COLLATE \"C\""
                     : " AND lane = " + quoted_text(lane) + " FOR UPDATE"
    ));
    if (!rows) {
        return std::unexpected(rows.error());
    }
    for (int row = 0; row < PQntuples(rows->get()); ++row) {
        const Cursor cursor{
            static_cast<std::uint64_t>(number(*rows, row, 1)),
            static_cast<std::uint32_t>(number(*rows, row, 2))
        };
        lanes.push_back(LaneState{std::string(field(*rows, row, 0)), cursor, {}});
    }
    if (auto read = read_ledgers(connection, journal, lanes); !read) {
        return std::unexpected(read.error());
    }
    return lanes;
}

std::string progress_statements(const Progress& progress) {
    std::string sql = cursor_update(progress, quoted_text);
    if (const std::string lines = ledger_values(progress, quoted_text); !lines.empty()) {
        sql += "; INSERT INTO foz_ledger AS l VALUES " + lines +
               " ON CONFLICT (journal, lane, route) DO UPDATE SET stored = l.stored + "
               "excluded.stored, duplicate = l.duplicate + excluded.duplicate, "
               "dead = l.dead + excluded.dead";
    }
    return sql;
}

}  // namespace foz::sink::postgres
