// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/table_setup.h"

#include <utility>

#include <fmt/format.h>

#include "sink/postgres/dialect.h"
#include "sink/postgres/sqlstate.h"
#include "sink/table_changes.h"
#include "sink/table_fit.h"

namespace foz::sink::postgres {
namespace {

// Column by column, what makes `there` as it should be.
void add_changes(const mapping::Table& table, const CatalogueTable& there, FoundTable& found) {
    for (const mapping::Column& column : table.columns) {
        const CatalogueColumn* one = there.find(column.name);
        const std::string name = dialect().quoted(column.name);
        const std::string_view type = dialect().type_name(column.type);
        if (one == nullptr && there.find_in_other_case(column.name) != nullptr) {
            continue;  // the mapping takes that one's name
        }
        if (one == nullptr) {
            found.changes.push_back(column_added(column, name, type));
        } else if (auto reason = column_objection(table, column, *one); !reason.empty()) {
            found.impossible.push_back({column.name, std::move(reason)});
        } else if (!fits(column.type, *one)) {
            Change& change = found.changes.emplace_back(column_retyped(
                    column, type, fmt::format("ALTER COLUMN {} TYPE {}", name, type)));
            if (column.type == mapping::ColumnType::real && one->encoding == Encoding::int8) {
                change.large_integer_query = large_integer_query(quoted_table(table.name), name);
            }
        }
    }
}

}  // namespace

SinkResult<std::optional<FoundTable>> PostgresTableSetup::find() {
    auto read = read_table(connection_, table().name);
    if (!read) {
        return pass_on(read);
    }
    std::optional<CatalogueTable>& there = *read;
    if (!there) {
        return std::nullopt;
    }
    catalogue_table_ = std::move(*there);
    if (const auto reason = objection(table(), catalogue_table_); !reason.empty()) {
        return fail(FailureKind::blocked, "{}", reason);
    }
    if (auto known = check_key_of_view(); !known) {
        return pass_on(known);
    }
    FoundTable found{
        .columns = known_columns(catalogue_table_),
        .warnings = warnings_about(table(), catalogue_table_),
        .line = fit_line(table(), catalogue_table_),
        .changes = {},
        .impossible = {},
    };
    if (table().inferred) {
        add_changes(table(), catalogue_table_, found);
    }
    return found;
}

SinkResult<void> PostgresTableSetup::check_key_of_view() {
    if (catalogue_table_.kind != "v" || table().key.empty()) {
        return {};
    }
    const auto takes = takes_key(connection_, table());
    if (!takes) {
        return std::unexpected(takes.error());
    }
    if (!*takes) {
        return fail(FailureKind::blocked,
                "table {}: the route's key is ({}), but a view with a trigger, or over a table "
                "without that unique index, does not tell which keys are there; take the key out "
                "of the route, or name the table below the view",
                table().name, quoted_list(table().key));
    }
    return {};
}

SinkResult<std::string> PostgresTableSetup::hint_at_other_case() {
    return postgres::hint_at_other_case(connection_, table().name);
}

// foz makes tables, not schemas.
SinkResult<void> PostgresTableSetup::check_creatable() {
    const std::size_t dot = table().name.find('.');
    if (dot == std::string::npos) {
        return {};
    }
    const std::string schema = table().name.substr(0, dot);
    auto found = connection_.run(fmt::format(
            "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {}", quoted_text(schema)));
    if (!found) {
        return pass_on(found);
    }
    if (PQntuples(found->get()) == 0) {
        return fail(FailureKind::blocked, "table {}: there is no schema {}; CREATE SCHEMA {}",
                table().name, schema, dialect().quoted(schema));
    }
    return {};
}

std::string PostgresTableSetup::create_statement() const {
    return dialect().create_table(table());
}

SinkResult<void> PostgresTableSetup::alter(const std::string& clauses) {
    auto altered = apart(connection_, [&] {
        return connection_.run_at_length(
                fmt::format("ALTER TABLE {} {}", quoted_table(table().name), clauses));
    });
    if (!altered) {
        return pass_on(altered);
    }
    log_changed(table().name, clauses);
    return {};
}

}  // namespace foz::sink::postgres
