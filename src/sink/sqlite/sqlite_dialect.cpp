// SPDX-License-Identifier: Apache-2.0
#include "sink/sqlite/sqlite_dialect.h"

#include <fmt/format.h>

#include "mapping/binary_text.h"
#include "sink/sql_text.h"
#include "sink/sqlite/timestamp_text.h"

namespace foz::sink::sqlite {

namespace {

using mapping::ColumnType;

template <class Names>
std::string quoted_list(const SqliteDialect& dialect, const Names& names) {
    std::string list;
    for (const auto& name : names) {
        list += fmt::format("{}{}", list.empty() ? "" : ", ", dialect.quoted(name));
    }
    return list;
}

std::string enclosed(std::string_view text, char quote) {
    std::string result(1, quote);
    for (const char c : text) {
        if (c == '\0') {
            // Ends SQL text; no name or display needs it.
            result += "\xEF\xBF\xBD";
            continue;
        }
        result += c;
        if (c == quote) {
            result += c;
        }
    }
    result += quote;
    return result;
}

}  // namespace

std::string SqliteDialect::quoted(std::string_view identifier) const {
    return enclosed(identifier, '"');
}

std::string_view SqliteDialect::type_name(ColumnType type) const {
    switch (type) {
        case ColumnType::integer: return "INTEGER";
        case ColumnType::real: return "REAL";
        case ColumnType::decimal: return "DECIMAL_TEXT";
        case ColumnType::text: return "TEXT";
        case ColumnType::boolean: return "BOOLEAN";
        case ColumnType::timestamp: return "TIMESTAMP_TEXT";
        case ColumnType::json: return "JSON_TEXT";
        case ColumnType::bytes: return "BLOB";
    }
    return "TEXT";
}

std::string SqliteDialect::create_table(const mapping::Table& table) const {
    std::string columns;
    for (const mapping::Column& column : table.columns) {
        columns += fmt::format("{}{} {}{}", columns.empty() ? "" : ", ", quoted(column.name),
                type_name(column.type), column.nullable ? "" : " NOT NULL");
    }
    if (table.key.empty()) {
        return fmt::format("CREATE TABLE IF NOT EXISTS {} ({})", quoted(table.name), columns);
    }
    return fmt::format("CREATE TABLE IF NOT EXISTS {} ({}, PRIMARY KEY ({})) WITHOUT ROWID",
            quoted(table.name), columns, quoted_list(*this, table.key));
}

std::string SqliteDialect::insert(const mapping::Table& table) const {
    std::string names;
    std::string marks;
    for (const mapping::Column& column : table.columns) {
        names += fmt::format("{}{}", names.empty() ? "" : ", ", quoted(column.name));
        marks += marks.empty() ? "?" : ", ?";
    }
    std::string sql =
            fmt::format("INSERT INTO {} ({}) VALUES ({})", quoted(table.name), names, marks);
    if (!table.key.empty()) {
        sql += fmt::format(" ON CONFLICT ({}) DO {}", quoted_list(*this, table.key),
                table.replaces ? "UPDATE SET " + updates_text(table, '"', "excluded.", "")
                               : "NOTHING");
    }
    return sql;
}

std::string SqliteDialect::literal(const mapping::Value& value) const {
    if (value.is_null()) {
        return "NULL";
    }
    switch (value.type()) {
        case ColumnType::integer: return fmt::format("{}", value.integer());
        case ColumnType::boolean: return value.boolean() ? "1" : "0";
        case ColumnType::real: return fmt::format("{}", value.real());
        case ColumnType::timestamp: {
            TimestampText text;
            return enclosed(text.of(value.timestamp()).value_or("out of range"), '\'');
        }
        case ColumnType::decimal:
        case ColumnType::text:
        case ColumnType::json: return enclosed(value.text(), '\'');
        case ColumnType::bytes: return fmt::format("X'{}'", mapping::to_hex(value.text()));
    }
    return "NULL";
}

std::string SqliteDialect::add_column(
        const mapping::Table& table, const mapping::Column& column) const {
    return fmt::format("ALTER TABLE {} ADD COLUMN {} {}", quoted(table.name), quoted(column.name),
            type_name(column.type));
}

const SqliteDialect& dialect() {
    static const SqliteDialect sqlite;
    return sqlite;
}

const OwnTablesSql& own_tables_sql() {
    static constexpr OwnTablesSql kSql{
        .quoted = [](std::string_view text) { return enclosed(text, '\''); },
        .find = "SELECT EXISTS (SELECT 1 FROM pragma_table_info('foz_cursor')) AND EXISTS (SELECT "
                "1 FROM pragma_table_info('foz_ledger')), EXISTS (SELECT 1 FROM "
                "pragma_table_info('foz_cursor') WHERE name = 'fingerprint')",
        .create =
                "CREATE TABLE IF NOT EXISTS foz_cursor (journal TEXT NOT NULL, lane TEXT NOT NULL, "
                "position INTEGER NOT NULL, ordinal INTEGER NOT NULL, writer TEXT NOT NULL DEFAULT "
                "'', fingerprint INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (journal, lane)) WITHOUT "
                "ROWID; CREATE TABLE IF NOT EXISTS foz_ledger (journal TEXT NOT NULL, lane TEXT "
                "NOT NULL, route TEXT NOT NULL, stored INTEGER NOT NULL, duplicate INTEGER NOT "
                "NULL, dead INTEGER NOT NULL, PRIMARY KEY (journal, lane, route)) WITHOUT ROWID",
        .add_marks =
                "ALTER TABLE foz_cursor ADD COLUMN writer TEXT NOT NULL DEFAULT ''; ALTER TABLE "
                "foz_cursor ADD COLUMN fingerprint INTEGER NOT NULL DEFAULT 0",
        .keep_lane = " ON CONFLICT DO NOTHING",
        .lock = "",        // a transaction of the set-up has the whole file
        .add_counts = "",  // see Bookkeeping
        .find_fields = "SELECT 1 FROM pragma_table_info('foz_columns') LIMIT 1",
        .create_fields =
                "CREATE TABLE IF NOT EXISTS foz_columns (table_name TEXT NOT NULL, column_name "
                "TEXT NOT NULL, field TEXT NOT NULL, PRIMARY KEY (table_name, column_name)) "
                "WITHOUT ROWID",
        .keep_field = " ON CONFLICT DO NOTHING",
    };
    return kSql;
}

}  // namespace foz::sink::sqlite
