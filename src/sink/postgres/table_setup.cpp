// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/table_setup.h"

#include <fmt/format.h>

#include "sink/postgres/dialect.h"
#include "sink/table_fit.h"

namespace foz::sink::postgres {
namespace {

// The clauses of ALTER TABLE that make `found` fit; "" when it fits already.
std::string changes_for(const mapping::Table& table, const CatalogueTable& found) {
    std::string changes;
    for (const mapping::Column& column : table.columns) {
        const CatalogueColumn* there = found.find(column.name);
        const std::string name = dialect().quoted(column.name);
        const std::string_view type = dialect().type_name(column.type);
        if (there == nullptr) {
            changes += fmt::format("{}ADD COLUMN {} {}", changes.empty() ? "" : ", ", name, type);
        } else if (there->encoding && !fits(column.type, *there->encoding)) {
            changes +=
                fmt::format("{}ALTER COLUMN {} TYPE {}", changes.empty() ? "" : ", ", name, type);
        }
    }
    return changes;
}

// The table as the database has it, which it fits; nothing when it is not there.
SinkResult<std::optional<CatalogueTable>> fitting_table(
    Connection& connection, const mapping::Table& table
) {
    auto read = read_table(connection, table.name);
    if (!read) {
        return read;
    }
    const std::optional<CatalogueTable>& found = *read;
    if (found) {
        if (const auto reason = objection(table, *found); !reason.empty()) {
            return fail(Failure::refused, "{}", reason);
        }
    }
    return read;
}

// Runs `sql`, and reads the table that it made or changed.
SinkResult<CatalogueTable> changed_by(
    const std::string& sql, Connection& connection, const mapping::Table& table
) {
    if (auto changed = connection.run_at_length(sql); !changed) {
        return pass_on(changed);
    }
    auto read = read_table(connection, table.name);
    if (!read) {
        return pass_on(read);
    }
    std::optional<CatalogueTable>& found = *read;
    if (!found) {
        return fail(Failure::retry, "table {} has just been dropped", table.name);
    }
    return std::move(*found);
}

}  // namespace

SinkResult<CatalogueTable> settle_table(Connection& connection, const mapping::Table& table) {
    auto fitting = fitting_table(connection, table);
    if (!fitting) {
        return pass_on(fitting);
    }
    std::optional<CatalogueTable>& found = *fitting;
    if (!found) {
        if (table.columns.empty()) {
            return CatalogueTable{};
        }
        return changed_by(dialect().create_table(table), connection, table);
    }
    const std::string changes = table.inferred ? changes_for(table, *found) : "";
    if (changes.empty()) {
        return std::move(*found);
    }
    return changed_by(
        fmt::format("ALTER TABLE {} {}", quoted_table(table.name), changes), connection, table
    );
}

SinkResult<std::string> describe_table(Connection& connection, const mapping::Table& table) {
    auto fitting = fitting_table(connection, table);
    if (!fitting) {
        return pass_on(fitting);
    }
    return fit_line(table, *fitting);
}

}  // namespace foz::sink::postgres
