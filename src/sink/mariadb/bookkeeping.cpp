// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/bookkeeping.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "sink/mariadb/dialect.h"

namespace foz::sink::mariadb {
namespace {

constexpr std::string_view kCreate =
    "CREATE TABLE IF NOT EXISTS foz_cursor (journal varchar(64) NOT NULL, lane varchar(128) NOT "
    "NULL, "
    "position bigint unsigned NOT NULL, ordinal bigint unsigned NOT NULL, writer varchar(64) NOT "
    "NULL DEFAULT '', fingerprint bigint NOT NULL DEFAULT 0, PRIMARY KEY (journal, lane)) "
    "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin; "
    "CREATE TABLE IF NOT EXISTS foz_ledger (journal varchar(64) NOT NULL, lane varchar(128) NOT "
    "NULL, "
    "route varchar(500) NOT NULL, stored bigint NOT NULL, duplicate bigint NOT NULL, dead bigint "
    "NOT NULL, "
    "PRIMARY KEY (journal, lane, route)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";

constexpr std::string_view kAddMarks =
    "ALTER TABLE foz_cursor ADD COLUMN writer varchar(64) NOT NULL DEFAULT '', "
    "ADD COLUMN fingerprint bigint NOT NULL DEFAULT 0";

struct OwnTables {
    bool there = false;
    bool with_marks = false;  // false: made by an older foz
};

// CREATE TABLE IF NOT EXISTS needs the right to create even when the tables are there.
SinkResult<OwnTables> own_tables(Connection& connection) {
    const auto found = connection.run(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN "
        "('foz_cursor', 'foz_ledger'); "
        "SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = "
        "'foz_cursor' AND column_name = 'fingerprint'"
    );
    if (!found) {
        return std::unexpected(found.error());
    }
    return OwnTables{
        .there = (*found)[0].rows.size() == 2,
        .with_marks = !(*found)[1].rows.empty(),
    };
}

template <class T>
T number(const std::optional<std::string>& cell) {
    T value = 0;
    if (cell) {
        std::from_chars(cell->data(), cell->data() + cell->size(), value);
    }
    return value;
}

}  // namespace

SinkResult<void> create_bookkeeping(Connection& connection, const LaneName& lane) {
    const auto tables = own_tables(connection);
    if (!tables) {
        return std::unexpected(tables.error());
    }
    std::string change;
    if (!tables->there || !tables->with_marks) {
        change = fmt::format("{}; ", tables->there ? kAddMarks : kCreate);
    }
    const auto made = connection.run(fmt::format(
        "{}INSERT INTO foz_cursor (journal, lane, position, ordinal) VALUES ({}, {}, 0, 0) ON "
        "DUPLICATE KEY UPDATE lane = lane; COMMIT",
        change,
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
    std::vector<LaneState> lanes;
    const auto tables = own_tables(connection);
    if (!tables) {
        return std::unexpected(tables.error());
    }
    if (!tables->there) {
        return lanes;
    }
    const std::string condition = fmt::format(
        "WHERE journal = {}{}",
        quoted_text(journal),
        lane.empty() ? "" : " AND lane = " + quoted_text(lane)
    );
    const auto answers = connection.run(fmt::format(
        "SELECT lane, position, ordinal, {1} FROM foz_cursor {0} ORDER BY lane; "
        "SELECT lane, route, stored, duplicate, dead FROM foz_ledger {0} ORDER BY route",
        condition,
        tables->with_marks ? "writer, fingerprint" : "'', 0"
    ));
    if (!answers) {
        return std::unexpected(answers.error());
    }
    for (const auto& row : (*answers)[0].rows) {
        lanes.push_back({
            .lane = row[0].value_or(""),
            .cursor = {number<std::uint64_t>(row[1]), number<std::uint32_t>(row[2])},
            .mark = {row[3].value_or(""), number<std::uint64_t>(row[4])},
            .ledger = {},
        });
    }
    for (const auto& row : (*answers)[1].rows) {
        const auto found = std::ranges::find(lanes, row[0].value_or(""), &LaneState::lane);
        if (found != lanes.end()) {
            found->ledger.push_back(LedgerLine{
                .route = row[1].value_or(""),
                .stored = number<std::uint64_t>(row[2]),
                .duplicate = number<std::uint64_t>(row[3]),
                .dead = number<std::int64_t>(row[4]),
            });
        }
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
    const auto answers = connection.run(fmt::format(
        "SELECT journal, route, CAST(SUM(stored) AS UNSIGNED) FROM foz_ledger WHERE journal <> {} "
        "GROUP BY journal, route HAVING SUM(stored) > 0 ORDER BY journal, route",
        quoted_text(journal)
    ));
    if (!answers) {
        return std::unexpected(answers.error());
    }
    for (const auto& row : answers->front().rows) {
        totals.push_back({row[0].value_or(""), row[1].value_or(""), number<std::uint64_t>(row[2])});
    }
    return totals;
}

std::string progress_statements(const Progress& progress) {
    std::string sql = cursor_update(progress, quoted_text);
    if (const std::string lines = ledger_values(progress, quoted_text); !lines.empty()) {
        sql += "; INSERT INTO foz_ledger VALUES " + lines +
               " ON DUPLICATE KEY UPDATE stored = stored + VALUES(stored), "
               "duplicate = duplicate + VALUES(duplicate), dead = dead + VALUES(dead)";
    }
    return sql;
}

}  // namespace foz::sink::mariadb
