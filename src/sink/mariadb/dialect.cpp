// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/dialect.h"

#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "mapping/binary_text.h"
#include "sink/sql_text.h"

namespace foz::sink::mariadb {
namespace {

using mapping::ColumnType;

constexpr char kQuote = '`';  // around names

class MariadbDialect final : public Dialect {
  public:
    std::string_view name() const override { return "MariaDB"; }
    std::string quoted(std::string_view identifier) const override {
        return enclosed(identifier, kQuote);
    }
    std::string_view type_name(ColumnType type) const override;
    std::string create_table(const mapping::Table& table) const override;
    std::string insert(const mapping::Table& table) const override;
    std::string literal(const mapping::Value& value) const override;
};

std::string_view MariadbDialect::type_name(ColumnType type) const {
    switch (type) {
        case ColumnType::integer: return "bigint";
        case ColumnType::real: return "double";
        case ColumnType::decimal: return "decimal(65,30)";
        case ColumnType::text: return "longtext";
        case ColumnType::boolean: return "boolean";
        case ColumnType::timestamp: return "datetime(6)";
        case ColumnType::json: return "json";
        case ColumnType::bytes: return "longblob";
    }
    return "longtext";
}

std::string MariadbDialect::create_table(const mapping::Table& table) const {
    const std::string sql = create_table_text(table, kQuote,
            [&](const mapping::Column& column) { return column_type(table, column); });
    return sql + fmt::format(" ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={}", kCollation);
}

std::string MariadbDialect::insert(const mapping::Table& table) const {
    std::string places;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        places += i > 0 ? ", ?" : "?";
    }
    const bool replaces = table.replaces && !table.key.empty();
    return fmt::format("INSERT INTO {} ({}) VALUES ({}){}", quoted_table(table.name),
            enclosed_names(table.columns, kQuote), places,
            replaces ? " ON DUPLICATE KEY UPDATE " + updates_text(table, kQuote, "VALUES(", ")")
                     : "");
}

std::string MariadbDialect::literal(const mapping::Value& value) const {
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
            return fmt::format("TIMESTAMP '{:%Y-%m-%d %H:%M:%S}.{:06}'",
                    fmt::gmtime(std::chrono::system_clock::to_time_t(second)), rest.count());
        }
        case ColumnType::text:
        case ColumnType::json: return quoted_text(value.text());
        case ColumnType::bytes: return fmt::format("X'{}'", mapping::to_hex(value.text()));
    }
    return "NULL";
}

}  // namespace

const Dialect& dialect() {
    static const MariadbDialect dialect;
    return dialect;
}

std::string quoted_table(std::string_view table) {
    return enclosed_table(table, kQuote);
}

std::string quoted_list(std::span<const std::string> names) {
    return enclosed_list(names, kQuote);
}

std::string quoted_text(std::string_view text) {
    std::string escaped;
    for (const char one : text) {
        escaped.append(one == '\\' ? 2 : 1, one);
    }
    return enclosed(escaped, '\'');
}

std::string column_type(const mapping::Table& table, const mapping::Column& column) {
    const bool in_key = std::ranges::find(table.key, column.name) != table.key.end();
    return std::string(in_key && column.type == ColumnType::text ? "varchar(255)"
                       : in_key && column.type == ColumnType::bytes
                               ? "varbinary(255)"
                               : dialect().type_name(column.type));
}

const OwnTablesSql& own_tables_sql() {
    static constexpr OwnTablesSql kSql{
        .quoted = &quoted_text,
        .find = "SELECT COUNT(*) = 2, EXISTS (SELECT 1 FROM information_schema.columns WHERE "
                "table_schema = DATABASE() AND table_name = 'foz_cursor' AND column_name = "
                "'fingerprint') FROM information_schema.tables WHERE table_schema = DATABASE() AND "
                "table_name IN ('foz_cursor', 'foz_ledger')",
        .create =
                "CREATE TABLE IF NOT EXISTS foz_cursor (journal varchar(64) NOT NULL, lane "
                "varchar(128) NOT NULL, position bigint unsigned NOT NULL, ordinal bigint unsigned "
                "NOT NULL, writer varchar(64) NOT NULL DEFAULT '', fingerprint bigint NOT NULL "
                "DEFAULT 0, PRIMARY KEY (journal, lane)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 "
                "COLLATE=utf8mb4_bin; CREATE TABLE IF NOT EXISTS foz_ledger (journal varchar(64) "
                "NOT NULL, lane varchar(128) NOT NULL, route varchar(500) NOT NULL, stored bigint "
                "NOT NULL, duplicate bigint NOT NULL, dead bigint NOT NULL, PRIMARY KEY (journal, "
                "lane, route)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
        .add_marks =
                "ALTER TABLE foz_cursor ADD COLUMN writer varchar(64) NOT NULL DEFAULT '', ADD "
                "COLUMN fingerprint bigint NOT NULL DEFAULT 0",
        .keep_lane = " ON DUPLICATE KEY UPDATE lane = lane",
        .lock = "",
        .add_counts =
                " ON DUPLICATE KEY UPDATE stored = stored + VALUES(stored), duplicate = duplicate "
                "+ VALUES(duplicate), dead = dead + VALUES(dead)",
        .find_fields =
                "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND "
                "table_name = 'foz_columns'",
        .create_fields =
                "CREATE TABLE IF NOT EXISTS foz_columns (table_name varchar(128) NOT NULL, "
                "column_name varchar(64) NOT NULL, field text NOT NULL, PRIMARY KEY (table_name, "
                "column_name)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
        .keep_field = " ON DUPLICATE KEY UPDATE table_name = foz_columns.table_name",
    };
    return kSql;
}

}  // namespace foz::sink::mariadb
