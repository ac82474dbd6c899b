// SPDX-License-Identifier: Apache-2.0
#include "sink/sql_text.h"

#include <algorithm>

#include <fmt/format.h>

namespace foz::sink {

std::string enclosed(std::string_view text, char mark) {
    std::string result(1, mark);
    for (const char one : text) {
        result.append(one == mark ? 2 : 1, one);
    }
    return result + mark;
}

std::string enclosed_table(std::string_view table, char mark) {
    const auto dot = table.find('.');
    if (dot == std::string_view::npos) {
        return enclosed(table, mark);
    }
    return enclosed(table.substr(0, dot), mark) + "." + enclosed(table.substr(dot + 1), mark);
}

std::string enclosed_list(std::span<const std::string> names, char mark) {
    std::string list;
    for (const std::string& name : names) {
        list += (list.empty() ? "" : ", ") + enclosed(name, mark);
    }
    return list;
}

std::string enclosed_names(std::span<const mapping::Column> columns, char mark) {
    std::string list;
    for (const mapping::Column& column : columns) {
        list += (list.empty() ? "" : ", ") + enclosed(column.name, mark);
    }
    return list;
}

std::string create_table_text(const mapping::Table& table, char mark,
        const std::function<std::string(const mapping::Column&)>& type_of) {
    std::string sql = "CREATE TABLE " + enclosed_table(table.name, mark) + " (";
    std::string_view separator;
    for (const mapping::Column& column : table.columns) {
        sql += fmt::format("{}\n  {} {}{}", separator, enclosed(column.name, mark), type_of(column),
                column.nullable ? "" : " NOT NULL");
        separator = ",";
    }
    if (!table.key.empty()) {
        sql += ",\n  PRIMARY KEY (" + enclosed_list(table.key, mark) + ")";
    }
    return sql + "\n)";
}

std::string updates_text(
        const mapping::Table& table, char mark, std::string_view before, std::string_view after) {
    std::string sql;
    const auto add = [&](std::string_view column) {
        const std::string name = enclosed(column, mark);
        sql += fmt::format("{}{} = {}{}{}", sql.empty() ? "" : ", ", name, before, name, after);
    };
    for (const mapping::Column& column : table.columns) {
        if (std::ranges::find(table.key, column.name) == table.key.end()) {
            add(column.name);
        }
    }
    if (sql.empty()) {
        add(table.key.front());
    }
    return sql;
}

}  // namespace foz::sink
