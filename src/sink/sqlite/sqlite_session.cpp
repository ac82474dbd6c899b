// SPDX-License-Identifier: Apache-2.0
#include "sink/sqlite/sqlite_session.h"

#include "base/check.h"
#include "sink/sqlite/sqlite_failure.h"

namespace foz::sink::sqlite {
namespace {

using state::Statement;
using state::Transaction;

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
        const std::string& sql, std::string_view failure) {
    std::vector<TextRow> rows;
    auto read = connection_.for_each_row(
            sql, [](Statement& /*select*/) {},
            [&](const Statement& row) { rows.push_back(row_in(row)); });
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
    FOZ_CHECK(transaction_.has_value());
    if (auto committed = transaction_->commit(); !committed) {
        return std::unexpected(commit_failure_of(committed.error()));
    }
    transaction_.reset();
    return {};
}

}  // namespace foz::sink::sqlite
