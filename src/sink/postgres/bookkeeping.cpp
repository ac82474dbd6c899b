// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/bookkeeping.h"

#include <fmt/format.h>

#include "sink/postgres/dialect.h"

namespace foz::sink::postgres {
namespace {

constexpr std::string_view kCreate =
    "CREATE TABLE IF NOT EXISTS foz_cursor (journal text, lane text, position bigint NOT NULL, "
    "ordinal bigint NOT NULL, writer text NOT NULL DEFAULT '', fingerprint bigint NOT NULL DEFAULT "
    "0, PRIMARY KEY (journal, lane)); "
    "CREATE TABLE IF NOT EXISTS foz_ledger (journal text, lane text, route text, stored bigint NOT "
    "NULL, "
    "duplicate bigint NOT NULL, dead bigint NOT NULL, PRIMARY KEY (journal, lane, route))";

constexpr std::string_view kAddMarks =
    "ALTER TABLE foz_cursor ADD COLUMN IF NOT EXISTS writer text NOT NULL DEFAULT '', "
    "ADD COLUMN IF NOT EXISTS fingerprint bigint NOT NULL DEFAULT 0";

struct OwnTables {
    bool there = false;
    bool with_marks = false;  // false: made by an older foz
};

// CREATE TABLE IF NOT EXISTS needs the right to create even when the tables are there.
SinkResult<OwnTables> own_tables(Connection& connection) {
    const auto found = connection.run(
        "SELECT pg_catalog.to_regclass('foz_cursor') IS NOT NULL AND "
        "pg_catalog.to_regclass('foz_ledger') IS NOT NULL, EXISTS (SELECT FROM "
        "pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass('foz_cursor') AND "
        "attname = 'fingerprint' AND NOT attisdropped)"
    );
    if (!found) {
        return std::unexpected(found.error());
    }
    return OwnTables{.there = is_true(*found, 0, 0), .with_marks = is_true(*found, 0, 1)};
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
    const auto tables = own_tables(connection);
    if (!tables) {
        return std::unexpected(tables.error());
    }
    if (!tables->there || !tables->with_marks) {
        const std::string_view sql = tables->there ? kAddMarks : kCreate;
        if (auto changed = connection.run(std::string(sql)); !changed) {
            return std::unexpected(changed.error());
        }
    }
    const auto made = connection.run(fmt::format(
        "INSERT INTO foz_cursor (journal, lane, position, ordinal) VALUES ({}, {}, 0, 0) ON "
        "CONFLICT DO NOTHING",
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
    const auto tables = own_tables(connection);
    if (!tables) {
        return std::unexpected(tables.error());
    }
    std::vector<LaneState> lanes;
    if (!tables->there) {
        return lanes;
    }
    // A commit of the lane's last connection may still be on its way through the server. It holds
    // the lock on its cursor.
    const auto rows = connection.run(fmt::format(
        "SELECT lane, position, ordinal, {} FROM foz_cursor WHERE journal = {}{}",
        tables->with_marks ? "writer, fingerprint" : "'', 0",
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
        CursorMark mark{
            .writer = std::string(field(*rows, row, 3)),
            .fingerprint = static_cast<std::uint64_t>(number(*rows, row, 4)),
        };
        lanes.push_back(
            {.lane = std::string(field(*rows, row, 0)),
             .cursor = cursor,
             .mark = std::move(mark),
             .ledger = {}}
        );
    }
    if (auto read = read_ledgers(connection, journal, lanes); !read) {
        return std::unexpected(read.error());
    }
    return lanes;
}

SinkResult<std::vector<ForeignTotal>> read_foreign(
    Connection& connection, const std::string& journal
) {
    const auto own = own_tables(connection);
    if (!own) {
        return std::unexpected(own.error());
    }
    std::vector<ForeignTotal> totals;
    if (!own->there) {
        return totals;
    }
    const auto rows = connection.run(fmt::format(
        "SELECT journal, route, SUM(stored)::bigint FROM foz_ledger WHERE journal <> {} GROUP BY "
        "journal, route HAVING SUM(stored) > 0 ORDER BY journal, route",
        quoted_text(journal)
    ));
    if (!rows) {
        return std::unexpected(rows.error());
    }
    for (int row = 0; row < PQntuples(rows->get()); ++row) {
        totals.push_back(
            {std::string(field(*rows, row, 0)),
             std::string(field(*rows, row, 1)),
             static_cast<std::uint64_t>(number(*rows, row, 2))}
        );
    }
    return totals;
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
