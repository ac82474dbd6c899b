// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/row_inserter.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace foz::sink::mariadb {
namespace {

constexpr std::size_t kParametersMax = 65'535;  // of one statement
constexpr std::size_t kRowsOfQuestionMarksMax = 512;
constexpr std::size_t kStatementsMax = 256;  // that are kept

// "Data too long for column 'v' at row 3".
std::optional<std::size_t> row_in(std::string_view message) {
    constexpr std::string_view kBeforeRow = " at row ";
    const auto mark = message.rfind(kBeforeRow);
    if (mark == std::string_view::npos) {
        return std::nullopt;
    }
    std::size_t row = 0;
    std::from_chars(
            message.data() + mark + kBeforeRow.size(), message.data() + message.size(), row);
    return row > 0 ? std::optional(row) : std::nullopt;
}

}  // namespace

SinkResult<MYSQL_STMT*> RowInserter::prepared(const InsertShape& shape, std::size_t rows) {
    std::string group = "(";
    for (std::size_t i = 0; i < shape.columns; ++i) {
        group += i > 0 ? ",?" : "?";
    }
    group += ")";
    std::string sql = shape.before;
    for (std::size_t i = 0; i < (bulk_ ? 1 : rows); ++i) {
        sql += (i > 0 ? "," : "") + group;
    }
    sql += shape.after;
    if (const auto found = statements_.find(sql); found != statements_.end()) {
        return found->second.get();
    }
    if (statements_.size() >= kStatementsMax) {
        statements_.clear();
    }
    Statement statement(mysql_stmt_init(connection_->handle()));
    const int failed = connection_->proceed(mysql_stmt_prepare_start, mysql_stmt_prepare_cont,
            statement.get(), sql.data(), sql.size());
    if (failed != 0) {
        return std::unexpected(connection_->error_in(statement.get()));
    }
    return statements_.emplace(std::move(sql), std::move(statement)).first->second.get();
}

std::size_t RowInserter::piece_rows(const InsertShape& shape, const ColumnArrays& arrays,
        std::size_t first, std::size_t last) const {
    const std::size_t bytes_max = connection_->packet_bytes_max() / 2;
    std::size_t bytes = 0;
    std::size_t rows = 0;
    while (first + rows < last &&
            (rows == 0 || bytes + arrays.row_bytes(first + rows) <= bytes_max)) {
        bytes += arrays.row_bytes(first + rows);
        ++rows;
    }
    if (bulk_) {
        return rows;
    }
    // Powers of two, so that a few prepared statements serve every number of rows.
    const std::size_t by_parameters = std::max<std::size_t>(1, kParametersMax / shape.columns);
    return std::bit_floor(std::min({rows, by_parameters, kRowsOfQuestionMarksMax}));
}

SinkError RowInserter::error_in(MYSQL_STMT* statement, std::size_t first, std::size_t last) const {
    SinkError error = connection_->error_in(statement);
    const auto row = row_in(mysql_stmt_error(statement));
    // In bulk each row is an execution of its own, so that every row may be called the first.
    if (error.failure == FailureKind::refused && row && first + *row <= last &&
            (!bulk_ || *row > 1)) {
        error.row = first + *row - 1;
    }
    return error;
}

SinkResult<std::uint64_t> RowInserter::insert(
        const InsertShape& shape, ColumnArrays& arrays, std::size_t first, std::size_t last) {
    std::uint64_t inserted = 0;
    while (first < last) {
        if (arrays.row_bytes(first) > connection_->packet_bytes_max()) {
            return std::unexpected(SinkError{FailureKind::refused, "1153",
                fmt::format("the row is larger than the server's max_allowed_packet of {} bytes",
                        connection_->packet_bytes_max()),
                first});
        }
        const std::size_t rows = piece_rows(shape, arrays, first, last);
        auto statement = prepared(shape, rows);
        if (!statement) {
            return std::unexpected(std::move(statement.error()));
        }
        if (bulk_) {
            const auto count = static_cast<unsigned>(rows);
            mysql_stmt_attr_set(*statement, STMT_ATTR_ARRAY_SIZE, &count);
            arrays.bind_bulk(first, bindings_);
        } else {
            arrays.bind_rows(first, first + rows, bindings_);
        }
        if (mysql_stmt_bind_param(*statement, bindings_.data()) != 0 ||
                connection_->proceed(
                        mysql_stmt_execute_start, mysql_stmt_execute_cont, *statement) != 0) {
            return std::unexpected(error_in(*statement, first, first + rows));
        }
        if (!connection_->in_transaction()) {
            return Connection::transaction_is_gone();
        }
        inserted += mysql_stmt_affected_rows(*statement);
        if (mysql_stmt_warning_count(*statement) > 0) {
            connection_->note_warnings();
        }
        first += rows;
    }
    return inserted;
}

}  // namespace foz::sink::mariadb
