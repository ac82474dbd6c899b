// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/dialect.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "mapping/binary_text.h"
#include "sink/sql_text.h"

namespace foz::sink::postgres {
namespace {

using mapping::ColumnType;

constexpr char kMark = '"';  // around names

class PostgresDialect final : public Dialect {
  public:
    std::string_view name() const override { return "PostgreSQL"; }
    std::string quoted(std::string_view identifier) const override {
        return enclosed(identifier, kMark);
    }
    std::string_view type_name(ColumnType type) const override;
    std::string create_table(const mapping::Table& table) const override;
    std::string insert(const mapping::Table& table) const override;
    std::string literal(const mapping::Value& value) const override;
};

std::string_view PostgresDialect::type_name(ColumnType type) const {
    switch (type) {
        case ColumnType::integer: return "bigint";
        case ColumnType::real: return "double precision";
        case ColumnType::decimal: return "numeric";
        case ColumnType::text: return "text";
        case ColumnType::boolean: return "boolean";
        case ColumnType::timestamp: return "timestamp with time zone";
        case ColumnType::json: return "jsonb";
        case ColumnType::bytes: return "bytea";
    }
    return "text";
}

std::string PostgresDialect::create_table(const mapping::Table& table) const {
    return create_table_text(table, kMark,
            [this](const mapping::Column& column) { return std::string(type_name(column.type)); });
}

std::string PostgresDialect::insert(const mapping::Table& table) const {
    std::string places;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        places += fmt::format("{}${}", i > 0 ? ", " : "", i + 1);
    }
    std::string sql = fmt::format("INSERT INTO {} ({}) VALUES ({})", quoted_table(table.name),
            enclosed_names(table.columns, kMark), places);
    if (!table.key.empty()) {
        sql += fmt::format(" ON CONFLICT ({}) DO {}", quoted_list(table.key),
                table.replaces ? "UPDATE SET " + updates_text(table, kMark, "excluded.", "")
                               : "NOTHING");
    }
    return sql;
}

std::string PostgresDialect::literal(const mapping::Value& value) const {
    if (value.is_null()) {
        return "NULL";
    }
    switch (value.type()) {
        case ColumnType::integer: return fmt::format("{}", value.integer());
        case ColumnType::real: return fmt::format("{}", value.real());
        case ColumnType::decimal: return std::string(value.text());
        case ColumnType::boolean: return value.boolean() ? "true" : "false";
        case ColumnType::timestamp: {
            const auto second = std::chrono::floor<std::chrono::seconds>(value.timestamp());
            const auto rest = value.timestamp() - second;
            return fmt::format("TIMESTAMPTZ '{:%Y-%m-%d %H:%M:%S}.{:06}+00'",
                    fmt::gmtime(std::chrono::system_clock::to_time_t(second)), rest.count());
        }
        case ColumnType::text: return quoted_text(value.text());
        case ColumnType::json: return quoted_text(value.text()) + "::jsonb";
        case ColumnType::bytes:
            return fmt::format("decode('{}', 'hex')", mapping::to_hex(value.text()));
    }
    return "NULL";
}

}  // namespace

const Dialect& dialect() {
    static const PostgresDialect dialect;
    return dialect;
}

std::string quoted_table(std::string_view table) {
    return enclosed_table(table, kMark);
}

std::string quoted_list(std::span<const std::string> names) {
    return enclosed_list(names, kMark);
}

std::string quoted_text(std::string_view text) {
    // A backslash is itself or an escape, depending on standard_conforming_strings, but for E'...'.
    if (text.find('\\') == std::string_view::npos) {
        return enclosed(text, '\'');
    }
    std::string escaped;
    for (const char one : text) {
        escaped.append(one == '\\' ? 2 : 1, one);
    }
    return "E" + enclosed(escaped, '\'');
}

const OwnTablesSql& own_tables_sql() {
    static constexpr OwnTablesSql kSql{
        .quoted = &quoted_text,
        .find = "SELECT (pg_catalog.to_regclass('foz_cursor') IS NOT NULL AND "
                "pg_catalog.to_regclass('foz_ledger') IS NOT NULL)::int, EXISTS (SELECT FROM "
                "pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass('foz_cursor') AND "
                "attname = 'fingerprint' AND NOT attisdropped)::int",
        .create =
                "CREATE TABLE IF NOT EXISTS foz_cursor (journal text, lane text, position bigint "
                "NOT NULL, ordinal bigint NOT NULL, writer text NOT NULL DEFAULT '', fingerprint "
                "bigint NOT NULL DEFAULT 0, PRIMARY KEY (journal, lane)); CREATE TABLE IF NOT "
                "EXISTS foz_ledger (journal text, lane text, route text, stored bigint NOT NULL, "
                "duplicate bigint NOT NULL, dead bigint NOT NULL, PRIMARY KEY (journal, lane, "
                "route))",
        .add_marks =
                "ALTER TABLE foz_cursor ADD COLUMN IF NOT EXISTS writer text NOT NULL DEFAULT '', "
                "ADD COLUMN IF NOT EXISTS fingerprint bigint NOT NULL DEFAULT 0",
        .keep_lane = " ON CONFLICT DO NOTHING",
        .lock = " FOR UPDATE",
        .add_counts =
                " ON CONFLICT (journal, lane, route) DO UPDATE SET stored = foz_ledger.stored + "
                "excluded.stored, duplicate = foz_ledger.duplicate + excluded.duplicate, dead = "
                "foz_ledger.dead + excluded.dead",
        .find_fields = "SELECT 1 WHERE pg_catalog.to_regclass('foz_columns') IS NOT NULL",
        .create_fields =
                "CREATE TABLE IF NOT EXISTS foz_columns (table_name text, column_name text, field "
                "text NOT NULL, PRIMARY KEY (table_name, column_name))",
        .keep_field = " ON CONFLICT DO NOTHING",
    };
    return kSql;
}

}  // namespace foz::sink::postgres
