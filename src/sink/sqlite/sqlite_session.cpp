// SPDX-License-Identifier: Apache-2.0
#include "sink/sqlite/sqlite_session.h"

#include "sink/sql_text.h"
#include "sink/sqlite/sqlite_failure.h"

namespace foz::sink::sqlite {
namespace {

using state::Statement;
using state::Transaction;

std::string quoted_text(std::string_view text) {
    return enclosed(text, '\'');
}

TextRow row_in(const Statement& statement) {
    TextRow row;
    for (int column = 0; column < statement.column_count(); ++column) {
        auto& cell = row.emplace_back();
        if (!statement.is_null(column)) {
            cell = statement.text(column);
        }
    }
    return row;
}

}  // namespace

SinkResult<void> SqliteSession::execute(const std::string& sql, std::string_view failure) {
    if (auto done = connection_.execute(sql); !done) {
        return failed(done.error(), failure);
    }
    return {};
}

SinkResult<std::vector<TextRow>> SqliteSession::rows_of(
    const std::string& sql, std::string_view failure
) {
    std::vector<TextRow> rows;
    auto read = connection_.for_each_row(
        sql,
        [](Statement& /*select*/) {},
        [&](const Statement& row) { rows.push_back(row_in(row)); }
    );
    if (!read) {
        return failed(read.error(), failure);
    }
    return rows;
}

SinkResult<void> SqliteSession::begin(state::SqliteResult<Transaction> transaction) {
    if (!transaction) {
        return failed(transaction.error(), "cannot begin");
    }
    transaction_.emplace(std::move(*transaction));
    return {};
}

SinkResult<void> SqliteSession::begin_setup() {
    return begin(Transaction::begin_write(connection_));
}

SinkResult<void> SqliteSession::begin_snapshot() {
    return begin(Transaction::begin_read(connection_));
}

SinkResult<void> SqliteSession::commit() {
    if (auto committed = transaction_->commit(); !committed) {
        return std::unexpected(commit_failure_of(committed.error()));
    }
    transaction_.reset();
    return {};
}

const OwnTablesSql& SqliteSession::own_tables() const {
    static constexpr OwnTablesSql kSql{
        .quoted = &quoted_text,
        .find =
            "SELECT EXISTS (SELECT 1 FROM pragma_table_info('foz_cursor')) AND EXISTS (SELECT 1 "
            "FROM pragma_table_info('foz_ledger')), EXISTS (SELECT 1 FROM "
            "pragma_table_info('foz_cursor') WHERE name = 'fingerprint')",
        .create =
            "CREATE TABLE IF NOT EXISTS foz_cursor (journal TEXT NOT NULL, lane TEXT NOT NULL, "
            "position INTEGER NOT NULL, ordinal INTEGER NOT NULL, writer TEXT NOT NULL DEFAULT '', "
            "fingerprint INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (journal, lane)) WITHOUT ROWID; "
            "CREATE TABLE IF NOT EXISTS foz_ledger (journal TEXT NOT NULL, lane TEXT NOT NULL, "
            "route TEXT NOT NULL, stored INTEGER NOT NULL, duplicate INTEGER NOT NULL, dead "
            "INTEGER NOT NULL, PRIMARY KEY (journal, lane, route)) WITHOUT ROWID",
        .add_marks =
            "ALTER TABLE foz_cursor ADD COLUMN writer TEXT NOT NULL DEFAULT ''; "
            "ALTER TABLE foz_cursor ADD COLUMN fingerprint INTEGER NOT NULL DEFAULT 0",
        .keep_lane = " ON CONFLICT DO NOTHING",
        .lock = "",        // a transaction of the set-up has the whole file
        .add_counts = "",  // see Bookkeeping
        .find_fields = "SELECT 1 FROM pragma_table_info('foz_columns') LIMIT 1",
        .create_fields =
            "CREATE TABLE IF NOT EXISTS foz_columns (table_name TEXT NOT NULL, column_name TEXT "
            "NOT NULL, field TEXT NOT NULL, PRIMARY KEY (table_name, column_name)) WITHOUT ROWID",
        .keep_field = " ON CONFLICT DO NOTHING",
    };
    return kSql;
}

}  // namespace foz::sink::sqlite
