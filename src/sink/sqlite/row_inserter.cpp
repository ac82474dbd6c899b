// SPDX-License-Identifier: Apache-2.0
#include "sink/sqlite/row_inserter.h"

#include <algorithm>
#include <utility>

#include <sqlite3.h>

#include "sink/sqlite/sqlite_catalogue.h"
#include "sink/sqlite/sqlite_dialect.h"
#include "sink/sqlite/sqlite_failure.h"

namespace foz::sink::sqlite {

using mapping::ColumnType;
using mapping::Value;
using state::SqliteError;
using state::SqliteResult;

RowInserter::RowInserter(
        state::SqliteConnection& connection, const mapping::Mapping& mapping, const LaneName& lane)
    : connection_(&connection) {
    for (const mapping::RouteInfo& route : mapping.routes()) {
        RouteInsert& insert = routes_.emplace_back();
        insert.table = route.table;
        insert.replaces = replaces(*route.table, lane);
    }
}

SinkResult<void> RowInserter::prepare(const mapping::Table& table) {
    for (RouteInsert& route : routes_) {
        if (route.table->columns.empty() || route.table->elsewhere || route.table != &table) {
            continue;
        }
        auto insert = prepare_insert(*route.table, {}, false);
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
        route.replacing.clear();
        route.compare.reset();
        route.has_defaults =
                std::ranges::any_of(route.table->columns, &mapping::Column::has_default);
        timestamps_.resize(std::max(timestamps_.size(), route.table->columns.size()));
        if (auto read = read_affinities(route); !read) {
            return read;
        }
    }
    return {};
}

SqliteResult<RowInserter::RowStatement> RowInserter::prepare_insert(
        const mapping::Table& table, const std::vector<bool>& left_out, bool replacing) {
    mapping::Table shown = table;
    shown.replaces = replacing;
    shown.columns.clear();
    RowStatement insert;
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

SqliteResult<RowInserter::RowStatement*> RowInserter::insert_for(
        RouteInsert& route, std::span<const Value> cells) {
    if (!route.has_defaults) {
        return &route.whole;
    }
    const std::vector<bool>& left_out = columns_left_out(route, cells);
    if (const auto known = route.partial.find(left_out); known != route.partial.end()) {
        return &known->second;
    }
    auto insert = prepare_insert(*route.table, left_out, false);
    if (!insert) {
        return std::unexpected(std::move(insert.error()));
    }
    return &route.partial.emplace(left_out, std::move(*insert)).first->second;
}

const std::vector<bool>& RowInserter::columns_left_out(
        const RouteInsert& route, std::span<const Value> cells) {
    const auto& columns = route.table->columns;
    left_out_.assign(columns.size(), false);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        left_out_[i] = columns[i].has_default && (i >= cells.size() || cells[i].is_null());
    }
    return left_out_;
}

SqliteResult<RowInserter::Fate> RowInserter::replace(
        RouteInsert& route, std::span<const Value> cells) {
    const std::vector<bool>& left_out = columns_left_out(route, cells);
    auto known = route.replacing.find(left_out);
    if (known == route.replacing.end()) {
        auto prepared = prepare_insert(*route.table, left_out, true);
        if (!prepared) {
            return std::unexpected(std::move(prepared.error()));
        }
        known = route.replacing.emplace(left_out, std::move(*prepared)).first;
    }
    if (auto bound = bind(route, known->second, cells); !bound) {
        return std::unexpected(std::move(bound.error()));
    }
    if (auto replaced = known->second.statement.run(); !replaced) {
        return std::unexpected(std::move(replaced.error()));
    }
    return connection_->changes() > 0 ? Fate::same_is_there : Fate::kept_out;
}

SinkResult<void> RowInserter::read_affinities(RouteInsert& route) {
    const auto there = columns_of(*connection_, route.table->name);
    if (!there) {
        return failed(there.error(), "cannot read the catalogue");
    }
    const auto& columns = route.table->columns;
    route.affinities.assign(columns.size(), Affinity::none);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const mapping::Column& column = columns[i];
        const auto found = std::ranges::find_if(*there,
                [&](const CatalogueColumn& one) { return same_name(one.name, column.name); });
        if (found != there->end() && !column.rounds) {
            route.affinities[i] = affinity_of(found->declared_type);
        }
    }
    return {};
}

SinkResult<Written> RowInserter::insert(
        const mapping::RowBatch& batch, std::size_t first, std::size_t last) {
    const std::vector<std::uint64_t> zeros(routes_.size(), 0);
    Written written{zeros, zeros};
    std::vector<RefusedRow> refused;
    const auto rows = batch.rows();
    for (std::size_t i = first; i < last; ++i) {
        const std::uint32_t route = rows[i].route;
        const mapping::Table& table = *routes_[route].table;
        const auto cells = batch.cells(rows[i]);
        auto fate = insert_row(routes_[route], cells);
        if (!fate) {
            SinkError& error = fate.error();
            if (error.failure != FailureKind::refused) {
                return pass_on(fate);
            }
            refused.push_back({i - first, std::move(error.code), std::move(error.message)});
            if (!connection_->in_transaction()) {
                break;  // RAISE(ROLLBACK): what comes now would be stored without the cursor
            }
            continue;
        }
        switch (*fate) {
            case Fate::stored: ++written.stored[route]; break;
            case Fate::same_is_there: ++written.duplicate[route]; break;
            case Fate::other_is_there:
                refused.push_back(key_conflict(i - first, table, cells, differences_));
                break;
            case Fate::kept_out: refused.push_back(kept_out(i - first, table)); break;
        }
    }
    if (!refused.empty()) {
        return std::unexpected(refusal_of(std::move(refused)));
    }
    return written;
}

SinkResult<RowInserter::Fate> RowInserter::insert_row(
        RouteInsert& route, std::span<const Value> cells) {
    const auto not_inserted = [&](const SqliteError& error) {
        return failed(error, fmt::format("cannot insert into {}", route.table->name));
    };
    auto insert = insert_for(route, cells);
    if (!insert) {
        return not_inserted(insert.error());
    }
    auto inserted = bind(route, **insert, cells);
    if (inserted) {
        inserted = (*insert)->statement.run();
    }
    if (!inserted) {
        return not_inserted(inserted.error());
    }
    if (connection_->changes() > 0 || route.into_view) {
        return Fate::stored;
    }
    if (route.table->key.empty()) {
        return Fate::kept_out;
    }
    auto compared = route.replaces ? replace(route, cells) : compare(route, cells);
    if (!compared) {
        return not_inserted(compared.error());
    }
    return *compared;
}

// A parameter takes the affinity of the column that it is compared with, as it does when it is
// stored. Collations that see no difference are left out: only equal bytes are the same reading.
SqliteResult<RowInserter::RowStatement> RowInserter::prepare_compare(RouteInsert& route) {
    const mapping::Table& table = *route.table;
    route.compared = compared_columns(table);
    std::string sql = "SELECT ";
    for (const std::size_t column : route.compared) {
        // A cell that the reading does not have was filled by the column's default.
        sql += fmt::format("{0}NOT ({1}{2} IS ?{3} COLLATE BINARY), substr({2}, 1, {4})",
                column == route.compared.front() ? "" : ", ",
                table.columns[column].has_default ? fmt::format("?{} IS NULL OR ", column + 1) : "",
                dialect().quoted(table.columns[column].name), column + 1, kShownCharactersMax);
    }
    // So that the last parameter is there too, whichever columns are compared.
    sql += fmt::format(
            " FROM {0} WHERE ?{1} IS ?{1}", dialect().quoted(table.name), table.columns.size());
    for (const std::string& name : table.key) {
        sql += fmt::format(
                " AND {} = ?{}", dialect().quoted(name), table.index_of(name).value_or(0) + 1);
    }
    auto prepared = connection_->prepare(sql);
    if (!prepared) {
        return std::unexpected(prepared.error());
    }
    RowStatement compare;
    compare.statement = std::move(*prepared);
    for (std::uint32_t i = 0; i < table.columns.size(); ++i) {
        compare.cell_of.push_back(i);
    }
    return compare;
}

SqliteResult<RowInserter::Fate> RowInserter::compare(
        RouteInsert& route, std::span<const Value> cells) {
    if (!route.compare) {
        auto prepared = prepare_compare(route);
        if (!prepared) {
            return std::unexpected(prepared.error());
        }
        route.compare = std::move(*prepared);
    }
    RowStatement& comparing = *route.compare;
    state::Statement& statement = comparing.statement;
    differences_.clear();
    if (auto bound = bind(route, comparing, cells); !bound) {
        return std::unexpected(bound.error());
    }
    const auto row = statement.step();
    if (!row) {
        return std::unexpected(row.error());
    }
    if (!*row) {
        return Fate::kept_out;
    }
    for (std::size_t i = 0; i < route.compared.size(); ++i) {
        const int differs = 2 * static_cast<int>(i);
        if (statement.integer(differs) != 0) {
            differences_.push_back({route.compared[i],
                statement.is_null(differs + 1)
                        ? std::nullopt
                        : std::optional(std::string(statement.text(differs + 1)))});
        }
    }
    statement.reset();
    return differences_.empty() ? Fate::same_is_there : Fate::other_is_there;
}

SqliteResult<bool> RowInserter::is_view(const std::string& name) {
    auto select = connection_->prepare(
            "SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = ? COLLATE NOCASE");
    if (!select) {
        return std::unexpected(std::move(select.error()));
    }
    select->bind(1, name);
    return select->step();
}

SqliteResult<void> RowInserter::bind(
        const RouteInsert& route, RowStatement& to, std::span<const Value> cells) {
    state::Statement& statement = to.statement;
    int parameter = 0;
    for (const std::uint32_t i : to.cell_of) {
        ++parameter;
        if (i >= cells.size() || cells[i].is_null()) {
            statement.bind_null(parameter);
            continue;
        }
        const Value& cell = cells[i];
        if (route.affinities[i] != Affinity::none) {
            if (auto loss = loss_in(route.affinities[i], cell)) [[unlikely]] {
                return std::unexpected(SqliteError{SQLITE_MISMATCH,
                    fmt::format("column {}: {}", route.table->columns[i].name, *loss)});
            }
        }
        switch (cell.type()) {
            case ColumnType::integer:
            case ColumnType::boolean: statement.bind(parameter, cell.integer()); break;
            case ColumnType::real: statement.bind(parameter, cell.real()); break;
            case ColumnType::timestamp:
                if (auto bound = bind_timestamp(
                            *route.table, statement, parameter, i, cell.timestamp());
                        !bound) {
                    return bound;
                }
                break;
            case ColumnType::decimal:
            case ColumnType::text:
            case ColumnType::json: statement.bind(parameter, cell.text()); break;
            case ColumnType::bytes: statement.bind_blob(parameter, as_bytes(cell.text())); break;
        }
    }
    return {};
}

SqliteResult<void> RowInserter::bind_timestamp(const mapping::Table& table,
        state::Statement& statement, int parameter, std::size_t column, SystemTime time) {
    const auto text = timestamps_[column].of(time);
    if (!text) {
        return std::unexpected(SqliteError{
            SQLITE_MISMATCH, fmt::format("the time in column {} is not in the years 0 to 9999",
                                     table.columns[column].name)});
    }
    statement.bind(parameter, *text);
    return {};
}

}  // namespace foz::sink::sqlite
