// SPDX-License-Identifier: Apache-2.0
#include "sink/sqlite/row_inserter.h"

#include <algorithm>
#include <utility>

#include <sqlite3.h>

#include "sink/sqlite/sqlite_dialect.h"
#include "sink/sqlite/sqlite_failure.h"

namespace foz::sink::sqlite {

using mapping::ColumnType;
using mapping::Value;
using state::SqliteError;
using state::SqliteResult;

RowInserter::RowInserter(state::SqliteConnection& connection, const mapping::Mapping& mapping)
    : connection_(&connection) {
    for (const mapping::RouteInfo& route : mapping.routes()) {
        routes_.emplace_back().table = route.table;
    }
}

SinkResult<void> RowInserter::prepare(const mapping::Table* only) {
    for (RouteInsert& route : routes_) {
        if (route.table->columns.empty() || (only != nullptr && route.table != only)) {
            continue;
        }
        auto insert = prepare_insert(*route.table, {});
        if (!insert) {
            return failed(insert.error(), fmt::format("cannot insert into {}", route.table->name));
        }
        auto view = is_view(route.table->name);
        if (!view) {
            return failed(view.error(), "cannot read the catalogue");
        }
        route.into_view = *view;
        route.whole = std::move(*insert);
        route.partial.clear();
        route.has_defaults =
            std::ranges::any_of(route.table->columns, &mapping::Column::has_default);
        timestamps_.resize(std::max(timestamps_.size(), route.table->columns.size()));
    }
    return {};
}

SqliteResult<RowInserter::Insert> RowInserter::prepare_insert(
    const mapping::Table& table, const std::vector<bool>& left_out
) {
    mapping::Table shown = table;
    shown.columns.clear();
    Insert insert;
    for (std::uint32_t i = 0; i < table.columns.size(); ++i) {
        if (left_out.empty() || !left_out[i]) {
            shown.columns.push_back(table.columns[i]);
            insert.cell_of.push_back(i);
        }
    }
    auto statement = connection_->prepare(dialect().insert(shown));
    if (!statement) {
        return std::unexpected(std::move(statement.error()));
    }
    insert.statement = std::move(*statement);
    return insert;
}

SqliteResult<RowInserter::Insert*> RowInserter::insert_for(
    RouteInsert& route, std::span<const Value> cells
) {
    if (!route.has_defaults) {
        return &route.whole;
    }
    const auto& columns = route.table->columns;
    left_out_.assign(columns.size(), false);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        left_out_[i] = columns[i].has_default && (i >= cells.size() || cells[i].is_null());
    }
    if (const auto known = route.partial.find(left_out_); known != route.partial.end()) {
        return &known->second;
    }
    auto insert = prepare_insert(*route.table, left_out_);
    if (!insert) {
        return std::unexpected(std::move(insert.error()));
    }
    return &route.partial.emplace(left_out_, std::move(*insert)).first->second;
}

SinkResult<Written> RowInserter::insert(
    const mapping::RowBatch& batch, std::size_t first, std::size_t last
) {
    const std::vector<std::uint64_t> zeros(routes_.size(), 0);
    Written written{zeros, zeros};
    std::vector<RefusedRow> refused;
    const auto rows = batch.rows();
    for (std::size_t i = first; i < last; ++i) {
        auto stored = insert_row(routes_[rows[i].route], batch.cells(rows[i]));
        if (stored) {
            ++(*stored ? written.stored : written.duplicate)[rows[i].route];
            continue;
        }
        SinkError& error = stored.error();
        if (error.failure != Failure::refused) {
            return pass_on(stored);
        }
        refused.push_back({i - first, std::move(error.code), std::move(error.message)});
        if (!connection_->in_transaction()) {
            break;  // RAISE(ROLLBACK): what comes now would be stored without the cursor
        }
    }
    if (!refused.empty()) {
        SinkError error{Failure::refused, refused[0].code, refused[0].message, refused[0].row, {}};
        error.rows = std::move(refused);
        return std::unexpected(std::move(error));
    }
    return written;
}

// False: a duplicate.
SinkResult<bool> RowInserter::insert_row(RouteInsert& route, std::span<const Value> cells) {
    auto insert = insert_for(route, cells);
    if (!insert) {
        return failed(insert.error(), fmt::format("cannot insert into {}", route.table->name));
    }
    auto inserted = bind(*route.table, **insert, cells);
    if (inserted) {
        inserted = (*insert)->statement.run();
    }
    if (!inserted) {
        return failed(inserted.error(), fmt::format("cannot insert into {}", route.table->name));
    }
    if (connection_->changes() > 0 || route.into_view) {
        return true;
    }
    if (route.table->key.empty()) {
        return fail(
            Failure::refused,
            "a trigger of table {} keeps this reading out of it",
            route.table->name
        );
    }
    return false;
}

SqliteResult<bool> RowInserter::is_view(const std::string& name) {
    auto select = connection_->prepare(
        "SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = ? COLLATE NOCASE"
    );
    if (!select) {
        return std::unexpected(std::move(select.error()));
    }
    select->bind(1, name);
    return select->step();
}

SqliteResult<void> RowInserter::bind(
    const mapping::Table& table, Insert& insert, std::span<const Value> cells
) {
    state::Statement& statement = insert.statement;
    int parameter = 0;
    for (const std::uint32_t i : insert.cell_of) {
        ++parameter;
        if (i >= cells.size() || cells[i].is_null()) {
            statement.bind_null(parameter);
            continue;
        }
        const Value& cell = cells[i];
        switch (cell.type()) {
            case ColumnType::integer:
            case ColumnType::boolean: statement.bind(parameter, cell.integer()); break;
            case ColumnType::real: statement.bind(parameter, cell.real()); break;
            case ColumnType::timestamp:
                if (auto bound = bind_timestamp(table, statement, parameter, i, cell.timestamp());
                    !bound) {
                    return bound;
                }
                break;
            case ColumnType::decimal:
            case ColumnType::text:
            case ColumnType::json: statement.bind(parameter, cell.text()); break;
        }
    }
    return {};
}

SqliteResult<void> RowInserter::bind_timestamp(
    const mapping::Table& table,
    state::Statement& statement,
    int parameter,
    std::size_t column,
    SystemTime time
) {
    const auto text = timestamps_[column].of(time);
    if (!text) {
        return std::unexpected(SqliteError{
            SQLITE_MISMATCH,
            fmt::format(
                "the time in column {} is not in the years 0 to 9999", table.columns[column].name
            )
        });
    }
    statement.bind(parameter, *text);
    return {};
}

}  // namespace foz::sink::sqlite
