// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/table_setup.h"

#include <fmt/format.h>

#include "sink/mariadb/dialect.h"
#include "sink/mariadb/error_number.h"
#include "sink/table_fit.h"

namespace foz::sink::mariadb {
namespace {

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
            return fail(Failure::refused, "table {}: {}", table.name, reason);
        }
    }
    return read;
}

std::string create_statement(const Connection& connection, const mapping::Table& table) {
    std::string sql = dialect().create_table(table);
    sql.insert(std::string_view("CREATE TABLE").size(), " IF NOT EXISTS");
    if (connection.is_mysql()) {
        sql.replace(sql.rfind(kCollation), kCollation.size(), kMysqlCollation);
    }
    return sql;
}

// Makes `found` fit; "" when it fits already.
std::string alter_statement(const mapping::Table& table, const CatalogueTable& found) {
    std::string changes;
    for (const mapping::Column& column : table.columns) {
        const CatalogueColumn* there = found.find(column.name);
        if (there != nullptr && (!there->content || fits(column.type, *there))) {
            continue;
        }
        changes += fmt::format(
            "{}{} COLUMN {} {}",
            changes.empty() ? "" : ", ",
            there == nullptr ? "ADD" : "MODIFY",
            dialect().quoted(column.name),
            column_type(table, column)
        );
    }
    return changes.empty() ? ""
                           : fmt::format("ALTER TABLE {} {}", quoted_table(table.name), changes);
}

}  // namespace

SinkResult<CatalogueTable> settle_table(Connection& connection, const mapping::Table& table) {
    constexpr int kAttemptsMax = 6;
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
        auto fitting = fitting_table(connection, table);
        if (!fitting) {
            return pass_on(fitting);
        }
        std::optional<CatalogueTable>& found = *fitting;
        std::string change;
        if (found) {
            change = table.inferred ? alter_statement(table, *found) : "";
            if (change.empty()) {
                return std::move(*found);
            }
        } else if (table.columns.empty()) {
            return CatalogueTable{};
        } else {
            change = create_statement(connection, table);
        }
        auto changed = connection.run_at_length(change);
        // Another lane may have added the column at the same time.
        if (!changed && changed.error().code != std::to_string(kDuplicateColumn)) {
            return pass_on(changed);
        }
    }
    return fail(Failure::retry, "table {} does not become what it should be", table.name);
}

SinkResult<std::string> describe_table(Connection& connection, const mapping::Table& table) {
    auto fitting = fitting_table(connection, table);
    if (!fitting) {
        return pass_on(fitting);
    }
    return fit_line(table, *fitting);
}

}  // namespace foz::sink::mariadb
