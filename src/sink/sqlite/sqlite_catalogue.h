// SPDX-License-Identifier: Apache-2.0
// The tables that a SQLite database has, and whether they fit what the routes want.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mapping/table.h"
#include "sink/sink.h"
#include "state/sqlite_connection.h"

namespace foz::sink::sqlite {

struct CatalogueColumn {
    std::string name;
    std::string declared_type;   // in capitals
    bool must_be_given = false;  // NOT NULL, and no default
    bool generated = false;      // cannot be written
    bool has_default = false;
    /// As foz sees it; nullopt: a type it does not know.
    std::optional<mapping::ColumnType> type;
};

/// Empty: there is no such table.
[[nodiscard]] state::SqliteResult<std::vector<CatalogueColumn>> columns_of(
        state::SqliteConnection& connection, const std::string& table);

/// Whether a unique index or the primary key is on exactly these columns.
[[nodiscard]] state::SqliteResult<bool> has_unique_key(state::SqliteConnection& connection,
        const std::string& table, const std::vector<std::string>& key);

/// Why a table that is there cannot take the rows of `table`, naming both sides; nullopt: it can.
/// An inferred table may lack columns, which will be added, and have refused_columns().
[[nodiscard]] std::optional<std::string> misfit(const mapping::Table& table,
        const std::vector<CatalogueColumn>& existing, bool key_is_unique);

/// The columns of an inferred table that are of another type in the database.
[[nodiscard]] std::vector<mapping::Refusal> refused_columns(
        const mapping::Table& table, const std::vector<CatalogueColumn>& existing);

/// Column names are the same to SQLite whatever the case of their ASCII letters.
[[nodiscard]] bool same_name(std::string_view one, std::string_view other);

}  // namespace foz::sink::sqlite
