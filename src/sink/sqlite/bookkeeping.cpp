// SPDX-License-Identifier: Apache-2.0
#include "sink/sqlite/bookkeeping.h"

#include <utility>

#include "sink/sqlite/sqlite_failure.h"
#include "sink/write_progress.h"

namespace foz::sink::sqlite {

namespace {

using state::SqliteConnection;
using state::SqliteResult;

// Changes no row when another foz has moved the cursor.
constexpr std::string_view kSaveCursor =
        "UPDATE foz_cursor SET position = ?, ordinal = ?, writer = ?, fingerprint = ? WHERE "
        "journal = ? AND lane = ? AND position = ? AND ordinal = ? AND writer = ?";
constexpr std::string_view kSaveLedger =
        "INSERT INTO foz_ledger VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET stored = "
        "stored + excluded.stored, duplicate = duplicate + excluded.duplicate, dead = dead + "
        "excluded.dead";

}  // namespace

SinkResult<Bookkeeping> Bookkeeping::prepare(SqliteConnection& connection, LaneName lane,
        SeenCursor seen, std::vector<std::string> routes) {
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
    if (error.failure == FailureKind::refused) {
        error.failure = FailureKind::schema;  // no reading is to blame for foz's own tables
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
