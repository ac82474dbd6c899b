// SPDX-License-Identifier: Apache-2.0
#include "sink/sqlite/bookkeeping.h"

#include <algorithm>
#include <utility>

#include "sink/progress.h"
#include "sink/sqlite/sqlite_catalogue.h"
#include "sink/sqlite/sqlite_failure.h"

namespace foz::sink::sqlite {

namespace {

using state::SqliteConnection;
using state::SqliteResult;
using state::Statement;

constexpr const char* kCreate =
    "CREATE TABLE IF NOT EXISTS foz_cursor (journal TEXT NOT NULL, lane TEXT NOT NULL,"
    " position INTEGER NOT NULL, ordinal INTEGER NOT NULL, writer TEXT NOT NULL DEFAULT '',"
    " fingerprint INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (journal, lane)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS foz_ledger (journal TEXT NOT NULL, lane TEXT NOT NULL,"
    " route TEXT NOT NULL, stored INTEGER NOT NULL, duplicate INTEGER NOT NULL, dead INTEGER NOT "
    "NULL,"
    " PRIMARY KEY (journal, lane, route)) WITHOUT ROWID";

constexpr const char* kAddMarks =
    "ALTER TABLE foz_cursor ADD COLUMN writer TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE foz_cursor ADD COLUMN fingerprint INTEGER NOT NULL DEFAULT 0";

constexpr std::string_view kMakeCursor =
    "INSERT INTO foz_cursor (journal, lane, position, ordinal) VALUES (?, ?, 0, 0)"
    " ON CONFLICT DO NOTHING";
// Changes no row when another foz has moved the cursor.
constexpr std::string_view kSaveCursor =
    "UPDATE foz_cursor SET position = ?, ordinal = ?, writer = ?, fingerprint = ?"
    " WHERE journal = ? AND lane = ? AND position = ? AND ordinal = ? AND writer = ?";
constexpr std::string_view kSaveLedger =
    "INSERT INTO foz_ledger VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET stored = stored + excluded.stored,"
    " duplicate = duplicate + excluded.duplicate, dead = dead + excluded.dead";

constexpr std::string_view kReadCursors =
    "SELECT lane, position, ordinal, writer, fingerprint FROM foz_cursor"
    " WHERE journal = ? ORDER BY lane";
constexpr std::string_view kReadCursorsWithoutMarks =
    "SELECT lane, position, ordinal, '', 0 FROM foz_cursor WHERE journal = ? ORDER BY lane";
constexpr std::string_view kReadLedgers =
    "SELECT lane, route, stored, duplicate, dead FROM foz_ledger WHERE journal = ? ORDER BY route";

// False: made by an older foz.
bool has_marks(const std::vector<CatalogueColumn>& columns) {
    return std::ranges::find(columns, "fingerprint", &CatalogueColumn::name) != columns.end();
}

LaneState lane_in(const Statement& row) {
    const Cursor cursor{
        static_cast<std::uint64_t>(row.integer(1)), static_cast<std::uint32_t>(row.integer(2))
    };
    return {
        .lane = std::string(row.text(0)),
        .cursor = cursor,
        .mark = {std::string(row.text(3)), static_cast<std::uint64_t>(row.integer(4))},
        .ledger = {},
    };
}

LedgerLine ledger_line_in(const Statement& row) {
    return {
        .route = std::string(row.text(1)),
        .stored = static_cast<std::uint64_t>(row.integer(2)),
        .duplicate = static_cast<std::uint64_t>(row.integer(3)),
        .dead = row.integer(4),
    };
}

}  // namespace

SinkResult<void> create_bookkeeping(SqliteConnection& connection, const LaneName& lane) {
    auto made = connection.execute(kCreate);
    if (made) {
        const auto columns = columns_of(connection, "foz_cursor");
        if (!columns) {
            return failed(columns.error(), "cannot read the catalogue");
        }
        if (!has_marks(*columns)) {
            made = connection.execute(kAddMarks);
        }
    }
    if (made) {
        auto cursor = connection.prepare(kMakeCursor);
        if (!cursor) {
            return failed(cursor.error(), "cannot write foz_cursor");
        }
        cursor->bind(1, lane.journal);
        cursor->bind(2, lane.lane);
        made = cursor->run();
    }
    if (!made) {
        return failed(made.error(), "cannot create foz_cursor and foz_ledger");
    }
    return {};
}

SinkResult<std::vector<LaneState>> read_lanes(
    SqliteConnection& connection, const std::string& journal
) {
    std::vector<LaneState> lanes;
    auto own_table = columns_of(connection, "foz_cursor");
    if (!own_table) {
        return failed(own_table.error(), "cannot read the catalogue");
    }
    if (own_table->empty()) {
        return lanes;
    }
    const std::string_view cursors =
        has_marks(*own_table) ? kReadCursors : kReadCursorsWithoutMarks;
    const auto of_journal = [&](Statement& select) { select.bind(1, journal); };
    auto read = connection.for_each_row(cursors, of_journal, [&](const Statement& row) {
        lanes.push_back(lane_in(row));
    });
    if (read) {
        read = connection.for_each_row(kReadLedgers, of_journal, [&](const Statement& row) {
            const auto lane = std::ranges::find(lanes, row.text(0), &LaneState::lane);
            if (lane != lanes.end()) {
                lane->ledger.push_back(ledger_line_in(row));
            }
        });
    }
    if (!read) {
        return failed(read.error(), "cannot read foz_cursor");
    }
    return lanes;
}

SinkResult<std::vector<ForeignTotal>> read_foreign(
    SqliteConnection& connection, const std::string& journal
) {
    std::vector<ForeignTotal> totals;
    auto own_table = columns_of(connection, "foz_ledger");
    if (!own_table) {
        return failed(own_table.error(), "cannot read the catalogue");
    }
    if (own_table->empty()) {
        return totals;
    }
    constexpr auto kReadForeign =
        "SELECT journal, route, SUM(stored) FROM foz_ledger WHERE journal <> ?1 "
        "GROUP BY journal, route HAVING SUM(stored) > 0 ORDER BY journal, route";
    const auto of_journal = [&](Statement& select) { select.bind(1, journal); };
    auto read = connection.for_each_row(kReadForeign, of_journal, [&](const Statement& row) {
        totals.push_back(
            {std::string(row.text(0)),
             std::string(row.text(1)),
             static_cast<std::uint64_t>(row.integer(2))}
        );
    });
    if (!read) {
        return failed(read.error(), "cannot read foz_ledger");
    }
    return totals;
}

SinkResult<Bookkeeping> Bookkeeping::prepare(
    SqliteConnection& connection, LaneName lane, SeenCursor seen, std::vector<std::string> routes
) {
    Bookkeeping books(connection, std::move(lane), std::move(seen), std::move(routes));
    for (auto [statement, sql] :
         {std::pair(&books.cursor_, kSaveCursor), std::pair(&books.ledger_, kSaveLedger)}) {
        auto prepared = connection.prepare(sql);
        if (!prepared) {
            return failed(prepared.error(), "cannot write foz_cursor and foz_ledger");
        }
        *statement = std::move(*prepared);
    }
    return books;
}

SinkResult<void> Bookkeeping::save(const Commit& commit, const Written& written) {
    auto saved = save_cursor(commit);
    if (saved && connection_->changes() != 1) {
        return cursor_was_moved(lane_);
    }
    if (saved) {
        saved = save_ledger(commit, written);
    }
    if (saved) {
        return {};
    }
    SinkError error = failure_of(saved.error(), "cannot write foz_cursor and foz_ledger");
    if (error.failure == Failure::refused) {
        error.failure = Failure::schema;  // no reading is to blame for foz's own tables
    }
    return std::unexpected(std::move(error));
}

void Bookkeeping::note_commit(const Commit& commit) {
    seen_ = {commit.cursor, lane_.writer};
}

SqliteResult<void> Bookkeeping::save_cursor(const Commit& commit) {
    cursor_.bind(1, static_cast<std::int64_t>(commit.cursor.position));
    cursor_.bind(2, static_cast<std::int64_t>(commit.cursor.ordinal));
    cursor_.bind(3, lane_.writer);
    cursor_.bind(4, static_cast<std::int64_t>(commit.fingerprint));
    cursor_.bind(5, lane_.journal);
    cursor_.bind(6, lane_.lane);
    cursor_.bind(7, static_cast<std::int64_t>(seen_.cursor.position));
    cursor_.bind(8, static_cast<std::int64_t>(seen_.cursor.ordinal));
    cursor_.bind(9, seen_.writer);
    return cursor_.run();
}

SqliteResult<void> Bookkeeping::save_ledger(const Commit& commit, const Written& written) {
    for (std::size_t route = 0; route < routes_.size(); ++route) {
        const std::int64_t dead = route < commit.dead.size() ? commit.dead[route] : 0;
        if (written.stored[route] == 0 && written.duplicate[route] == 0 && dead == 0) {
            continue;
        }
        ledger_.bind(1, lane_.journal);
        ledger_.bind(2, lane_.lane);
        ledger_.bind(3, routes_[route]);
        ledger_.bind(4, static_cast<std::int64_t>(written.stored[route]));
        ledger_.bind(5, static_cast<std::int64_t>(written.duplicate[route]));
        ledger_.bind(6, dead);
        if (auto saved = ledger_.run(); !saved) {
            return saved;
        }
    }
    return {};
}

}  // namespace foz::sink::sqlite
