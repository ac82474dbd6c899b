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
        routes_.push_back({route.table, {}, 0});
    }
}

SinkResult<void> RowInserter::prepare(const mapping::Table* only) {
    for (RouteInsert& route : routes_) {
        if (route.table->columns.empty() || (only != nullptr && route.table != only)) {
            continue;
        }
        auto insert = connection_->prepare(dialect().insert(*route.table));
        if (!insert) {
            return failed(insert.error(), fmt::format("cannot insert into {}", route.table->name));
        }
        route.insert = std::move(*insert);
        route.columns = route.table->columns.size();
        timestamps_.resize(std::max(timestamps_.size(), route.columns));
    }
    return {};
}

SinkResult<Written> RowInserter::insert(
    const mapping::RowBatch& batch, std::size_t first, std::size_t last
) {
    const std::vector<std::uint64_t> zeros(routes_.size(), 0);
    Written written{zeros, zeros};
    const auto rows = batch.rows();
    for (std::size_t i = first; i < last; ++i) {
        RouteInsert& route = routes_[rows[i].route];
        auto inserted = bind(route, batch.cells(rows[i]));
        if (inserted) {
            inserted = route.insert.run();
        }
        if (!inserted) {
            SinkError error = failure_of(
                inserted.error(), fmt::format("cannot insert into {}", route.table->name)
            );
            error.row = i - first;
            return std::unexpected(std::move(error));
        }
        // Only a row whose key is there already changes nothing.
        const bool stored = route.table->key.empty() || connection_->changes() > 0;
        ++(stored ? written.stored : written.duplicate)[rows[i].route];
    }
    return written;
}

SqliteResult<void> RowInserter::bind(RouteInsert& route, std::span<const Value> cells) {
    for (std::size_t i = 0; i < route.columns; ++i) {
        const int parameter = static_cast<int>(i) + 1;
        if (i >= cells.size() || cells[i].is_null()) {
            route.insert.bind_null(parameter);
            continue;
        }
        const Value& cell = cells[i];
        switch (cell.type()) {
            case ColumnType::integer:
            case ColumnType::boolean: route.insert.bind(parameter, cell.integer()); break;
            case ColumnType::real: route.insert.bind(parameter, cell.real()); break;
            case ColumnType::timestamp:
                if (auto bound = bind_timestamp(route, i, cell.timestamp()); !bound) {
                    return bound;
                }
                break;
            case ColumnType::decimal:
            case ColumnType::text:
            case ColumnType::json: route.insert.bind(parameter, cell.text()); break;
        }
    }
    return {};
}

SqliteResult<void> RowInserter::bind_timestamp(
    RouteInsert& route, std::size_t column, SystemTime time
) {
    const auto text = timestamps_[column].of(time);
    if (!text) {
        return std::unexpected(SqliteError{
            SQLITE_MISMATCH,
            fmt::format(
                "the time in column {} is not in the years 0 to 9999",
                route.table->columns[column].name
            )
        });
    }
    route.insert.bind(static_cast<int>(column) + 1, *text);
    return {};
}

}  // namespace foz::sink::sqlite
