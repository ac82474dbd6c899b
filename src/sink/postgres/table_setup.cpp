// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/table_setup.h"

#include <fmt/format.h>

#include "sink/postgres/dialect.h"

namespace foz::sink::postgres {
namespace {

SinkError misfit(std::string reason) {
    return {Failure::refused, "", std::move(reason), std::nullopt};
}

std::vector<const mapping::Column*> missing_columns(
    const mapping::Table& table, const CatalogueTable& found
) {
    std::vector<const mapping::Column*> missing;
    for (const mapping::Column& column : table.columns) {
        if (found.find(column.name) == nullptr) {
            missing.push_back(&column);
        }
    }
    return missing;
}

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

SinkResult<CatalogueTable> read_again(Connection& connection, const mapping::Table& table) {
    auto found = read_table(connection, table.name);
    if (!found) {
        return std::unexpected(std::move(found.error()));
    }
    if (!*found) {
        return std::unexpected(SinkError{
            Failure::retry,
            "",
            fmt::format("table {} has just been dropped", table.name),
            std::nullopt
        });
    }
    return std::move(**found);
}

}  // namespace

SinkResult<CatalogueTable> settle_table(Connection& connection, const mapping::Table& table) {
    auto found = read_table(connection, table.name);
    if (!found) {
        return std::unexpected(std::move(found.error()));
    }
    if (!*found) {
        if (table.columns.empty()) {
            return CatalogueTable{};
        }
        if (auto created = connection.run(dialect().create_table(table)); !created) {
            return std::unexpected(std::move(created.error()));
        }
        return read_again(connection, table);
    }
    if (auto reason = objection(table, **found); !reason.empty()) {
        return std::unexpected(misfit(std::move(reason)));
    }
    const std::string changes = table.inferred ? changes_for(table, **found) : "";
    if (changes.empty()) {
        return std::move(**found);
    }
    const std::string sql = fmt::format("ALTER TABLE {} {}", quoted_table(table.name), changes);
    if (auto altered = connection.run(sql); !altered) {
        return std::unexpected(std::move(altered.error()));
    }
    return read_again(connection, table);
}

SinkResult<std::string> describe_table(Connection& connection, const mapping::Table& table) {
    const auto found = read_table(connection, table.name);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (!*found) {
        return fmt::format("table {}: will be created", table.name);
    }
    if (auto reason = objection(table, **found); !reason.empty()) {
        return std::unexpected(misfit(std::move(reason)));
    }
    std::string missing;
    for (const mapping::Column* column : missing_columns(table, **found)) {
        missing += (missing.empty() ? "; will get the column " : ", ") + column->name;
    }
    return fmt::format("table {}: fits{}", table.name, missing);
}

}  // namespace foz::sink::postgres
