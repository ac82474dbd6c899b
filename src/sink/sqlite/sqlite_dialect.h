// SPDX-License-Identifier: Apache-2.0
// The SQL of the SQLite sink. Pure.
#pragma once

#include <string>
#include <string_view>

#include "sink/own_tables_sql.h"
#include "sink/sink.h"

namespace foz::sink::sqlite {

/// Type names are chosen for their affinity, and so that a catalogue tells them apart again:
/// DECIMAL_TEXT keeps all digits because it holds TEXT; TIMESTAMP_TEXT and JSON_TEXT are what they
/// say. README.md has the table.
class SqliteDialect final : public Dialect {
  public:
    [[nodiscard]] std::string_view name() const override { return "SQLite"; }
    /// SQLite has no schemas: a dot in a table's name is part of the name.
    [[nodiscard]] std::string quoted(std::string_view identifier) const override;
    [[nodiscard]] std::string_view type_name(mapping::ColumnType type) const override;
    [[nodiscard]] std::string create_table(const mapping::Table& table) const override;
    [[nodiscard]] std::string insert(const mapping::Table& table) const override;
    [[nodiscard]] std::string literal(const mapping::Value& value) const override;

    [[nodiscard]] std::string add_column(
            const mapping::Table& table, const mapping::Column& column) const;
};

[[nodiscard]] const SqliteDialect& dialect();
[[nodiscard]] const OwnTablesSql& own_tables_sql();

}  // namespace foz::sink::sqlite
