// SPDX-License-Identifier: Apache-2.0
#include "sink/sqlite/sqlite_catalogue.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sink/sqlite/sqlite_dialect.h"

namespace foz::sink::sqlite {

namespace {

using mapping::ColumnType;
using state::SqliteConnection;
using state::SqliteResult;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string in_capitals(std::string_view text) {
    std::string capitals(text);
    for (char& c : capitals) {
        if (c >= 'a' && c <= 'z') {
            c = static_cast<char>(c - 'a' + 'A');
        }
    }
    return capitals;
}

// By the first word of this list that the declared type contains, as SQLite itself decides
// affinity.
std::optional<ColumnType> type_from(std::string_view declared) {
    static constexpr std::array<std::pair<std::string_view, ColumnType>, 13> kWords = {{
        {"TIMESTAMP", ColumnType::timestamp},
        {"DATETIME", ColumnType::timestamp},
        {"BOOL", ColumnType::boolean},
        {"JSON", ColumnType::json},
        {"DECIMAL", ColumnType::decimal},
        {"NUMERIC", ColumnType::decimal},
        {"INT", ColumnType::integer},
        {"CHAR", ColumnType::text},
        {"CLOB", ColumnType::text},
        {"TEXT", ColumnType::text},
        {"REAL", ColumnType::real},
        {"FLOA", ColumnType::real},
        {"DOUB", ColumnType::real},
    }};
    for (const auto& [word, type] : kWords) {
        if (declared.find(word) != std::string_view::npos) {
            return type;
        }
    }
    return std::nullopt;
}

bool is_number(ColumnType type) {
    return type == ColumnType::integer || type == ColumnType::real || type == ColumnType::decimal ||
           type == ColumnType::boolean;
}

// SQLite stores any value in any column; refused is what could only be a mistake.
bool takes(const CatalogueColumn& existing, ColumnType wanted) {
    return !existing.type || !is_number(*existing.type) || is_number(wanted);
}

std::string mismatch(
    const mapping::Table& table, const mapping::Column& column, const CatalogueColumn& there
) {
    return fmt::format(
        "column {} of table {} is {} in the database and {} in the route",
        column.name,
        table.name,
        there.declared_type,
        mapping::name_of(column.type)
    );
}

const CatalogueColumn* find(const std::vector<CatalogueColumn>& columns, std::string_view name) {
    const auto found = std::ranges::find_if(columns, [&](const CatalogueColumn& column) {
        return same_name(column.name, name);
    });
    return found == columns.end() ? nullptr : &*found;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::any_of(names, [&](const std::string& one) { return same_name(one, name); });
}

bool same_set(const std::vector<std::string>& one, const std::vector<std::string>& other) {
    return one.size() == other.size() &&
           std::ranges::all_of(one, [&](const std::string& name) { return contains(other, name); });
}

// The first column of every row of `sql`, whose only parameter is `name`.
SqliteResult<std::vector<std::string>> names_from(
    SqliteConnection& connection, std::string_view sql, const std::string& name
) {
    auto select = connection.prepare(sql);
    if (!select) {
        return std::unexpected(std::move(select.error()));
    }
    select->bind(1, name);
    std::vector<std::string> names;
    while (true) {
        auto row = select->step();
        if (!row) {
            return std::unexpected(std::move(row.error()));
        }
        if (!*row) {
            return names;
        }
        names.emplace_back(select->text(0));
    }
}

}  // namespace

bool same_name(std::string_view one, std::string_view other) {
    return std::ranges::equal(one, other, {}, lower, lower);
}

SqliteResult<std::vector<CatalogueColumn>> columns_of(
    SqliteConnection& connection, const std::string& table
) {
    auto select = connection.prepare(
        "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk FROM pragma_table_info(?)"
    );
    if (!select) {
        return std::unexpected(std::move(select.error()));
    }
    select->bind(1, table);
    std::vector<CatalogueColumn> columns;
    while (true) {
        auto row = select->step();
        if (!row) {
            return std::unexpected(std::move(row.error()));
        }
        if (!*row) {
            return columns;
        }
        CatalogueColumn column;
        column.name = select->text(0);
        column.declared_type = in_capitals(select->text(1));
        column.type = type_from(column.declared_type);
        column.has_default = select->integer(3) != 0;
        column.must_be_given = select->integer(2) != 0 && !column.has_default;
        columns.push_back(std::move(column));
    }
}

SqliteResult<bool> has_unique_key(
    SqliteConnection& connection, const std::string& table, const std::vector<std::string>& key
) {
    auto primary =
        names_from(connection, "SELECT name FROM pragma_table_info(?) WHERE pk > 0", table);
    if (!primary) {
        return std::unexpected(std::move(primary.error()));
    }
    if (same_set(*primary, key)) {
        return true;
    }
    auto indexes = names_from(
        connection, "SELECT name FROM pragma_index_list(?) WHERE \"unique\" AND NOT partial", table
    );
    if (!indexes) {
        return std::unexpected(std::move(indexes.error()));
    }
    for (const std::string& index : *indexes) {
        auto columns = names_from(connection, "SELECT name FROM pragma_index_info(?)", index);
        if (!columns) {
            return std::unexpected(std::move(columns.error()));
        }
        if (same_set(*columns, key)) {
            return true;
        }
    }
    return false;
}

std::optional<std::string> misfit(
    const mapping::Table& table, const std::vector<CatalogueColumn>& existing, bool key_is_unique
) {
    for (const mapping::Column& column : table.columns) {
        if (table.inferred) {
            break;
        }
        const CatalogueColumn* there = find(existing, column.name);
        if (there == nullptr) {
            return fmt::format(
                "table {} has no column {}, which the route fills ({}); add it or take it out of "
                "the route",
                table.name,
                column.name,
                mapping::name_of(column.type)
            );
        }
        if (!takes(*there, column.type)) {
            return mismatch(table, column, *there);
        }
    }
    for (const CatalogueColumn& column : existing) {
        const bool filled = std::ranges::any_of(table.columns, [&](const mapping::Column& wanted) {
            return same_name(wanted.name, column.name);
        });
        if (column.must_be_given && !filled && !table.inferred) {
            return fmt::format(
                "column {} of table {} is NOT NULL without a default in the database, and the "
                "route does "
                "not fill it",
                column.name,
                table.name
            );
        }
    }
    if (!table.key.empty() && !key_is_unique) {
        return fmt::format(
            "table {} has no unique index on the route's key ({}); create one: CREATE UNIQUE INDEX "
            "foz_key ON {} ({})",
            table.name,
            fmt::join(table.key, ", "),
            dialect().quoted(table.name),
            fmt::join(table.key, ", ")
        );
    }
    return std::nullopt;
}

std::vector<mapping::Refusal> refused_columns(
    const mapping::Table& table, const std::vector<CatalogueColumn>& existing
) {
    std::vector<mapping::Refusal> refused;
    for (const mapping::Column& column : table.columns) {
        const CatalogueColumn* there = find(existing, column.name);
        if (there != nullptr && !takes(*there, column.type)) {
            refused.push_back({column.name, mismatch(table, column, *there)});
        }
    }
    return refused;
}

}  // namespace foz::sink::sqlite
