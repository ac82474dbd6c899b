// SPDX-License-Identifier: Apache-2.0
#include "sink/sqlite/table_setup.h"

#include <algorithm>
#include <utility>

#include "sink/column_fields.h"
#include "sink/sqlite/sqlite_catalogue.h"
#include "sink/sqlite/sqlite_dialect.h"
#include "sink/sqlite/sqlite_failure.h"
#include "sink/table_changes.h"
#include "sink/table_fit.h"
#include "sink/table_warnings.h"

namespace foz::sink::sqlite {

namespace {

using state::SqliteConnection;

// The table's columns in the database, which it fits; none: it is not there.
SinkResult<std::vector<CatalogueColumn>> fitting_columns(
        SqliteConnection& connection, const mapping::Table& table) {
    auto existing = columns_of(connection, table.name);
    if (!existing) {
        return failed(existing.error(), "cannot read the catalogue");
    }
    if (existing->empty()) {
        return {};
    }
    auto unique = has_unique_key(connection, table.name, table.key);
    if (!unique) {
        return failed(unique.error(), "cannot read the catalogue");
    }
    if (const auto reason = misfit(table, *existing, *unique)) {
        return fail(FailureKind::blocked, "{}", *reason);
    }
    return std::move(*existing);
}

SinkResult<void> add_column(
        SqliteConnection& connection, const mapping::Table& table, const mapping::Column& column) {
    if (auto added = connection.execute(dialect().add_column(table, column)); !added) {
        return failed(added.error(), fmt::format("cannot add {} to {}", column.name, table.name));
    }
    log_changed(table.name, fmt::format("ADD COLUMN {}", dialect().quoted(column.name)));
    return {};
}

SinkResult<PreparedTable> prepare(
        SqliteConnection& connection, const mapping::Table& table, bool& made_anew) {
    auto existing = fitting_columns(connection, table);
    if (!existing) {
        return pass_on(existing);
    }
    if (existing->empty() && !table.columns.empty()) {
        if (auto made = connection.execute(dialect().create_table(table)); !made) {
            return failed(made.error(), fmt::format("cannot create table {}", table.name));
        }
        log_created(table.name);
        made_anew = true;
        return PreparedTable{table.columns, {}};
    }
    PreparedTable prepared;
    if (existing->empty()) {
        return prepared;  // inferred, and nothing has been received yet
    }
    for (const CatalogueColumn& column : *existing) {
        if (column.type && !column.generated) {
            prepared.columns.push_back({.name = column.name,
                .type = *column.type,
                .nullable = !column.must_be_given,
                .has_default = column.has_default});
        }
    }
    for (const mapping::Column& column : table.columns) {
        const auto is_it = [&](const CatalogueColumn& there) {
            return same_name(there.name, column.name);
        };
        if (std::ranges::any_of(*existing, is_it)) {
            continue;
        }
        if (auto added = add_column(connection, table, column); !added) {
            return pass_on(added);
        }
        prepared.columns.push_back(column);
    }
    if (table.inferred) {
        prepared.refused = refused_columns(table, *existing);
    }
    return prepared;
}

}  // namespace

SinkResult<PreparedTable> prepare_table(SqliteSession& session, const mapping::Table& table) {
    bool made_anew = false;
    auto prepared = prepare(session.connection(), table, made_anew);
    if (!prepared || !table.inferred || prepared->columns.empty()) {
        return prepared;
    }
    auto fields = exchange_fields(session, table, made_anew);
    if (!fields) {
        return pass_on(fields);
    }
    set_fields(prepared->columns, *fields);
    return prepared;
}

SinkResult<std::vector<std::string>> warnings_about(
        SqliteConnection& connection, const mapping::Table& table) {
    auto vague = connection.prepare(
            "SELECT x.name, x.coll FROM pragma_index_list(?) l, pragma_index_xinfo(l.name) x WHERE "
            "l.\"unique\" AND x.key AND x.coll COLLATE NOCASE <> 'BINARY'");
    if (!vague) {
        return failed(vague.error(), "cannot read the catalogue");
    }
    vague->bind(1, table.name);
    std::vector<std::pair<std::string, std::string>> collations;  // by column
    while (true) {
        const auto row = vague->step();
        if (!row) {
            return failed(row.error(), "cannot read the catalogue");
        }
        if (!*row) {
            break;
        }
        collations.emplace_back(vague->text(0), vague->text(1));
    }
    std::string doubts = key_doubts(table, [&](const std::string& name) -> std::string {
        const auto found = std::ranges::find_if(
                collations, [&](const auto& one) { return same_name(one.first, name); });
        return found == collations.end()
                       ? ""
                       : same_names_doubt(name, found->second,
                                 "SQLite cannot change that: make the table anew without COLLATE, "
                                 "and INSERT INTO it SELECT * FROM the old one");
    });
    return doubts.empty() ? std::vector<std::string>{} : std::vector{std::move(doubts)};
}

SinkResult<std::string> describe_table(SqliteConnection& connection, const mapping::Table& table) {
    auto existing = fitting_columns(connection, table);
    if (!existing) {
        return pass_on(existing);
    }
    const auto warnings = warnings_about(connection, table);
    if (!warnings) {
        return std::unexpected(warnings.error());
    }
    return with_warnings(
            fmt::format("table {}: {}", table.name, existing->empty() ? "will be created" : "fits"),
            *warnings);
}

}  // namespace foz::sink::sqlite
