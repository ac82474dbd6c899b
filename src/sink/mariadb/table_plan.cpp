// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/table_plan.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "sink/loss.h"
#include "sink/mariadb/dialect.h"

namespace foz::sink::mariadb {

SinkResult<void> TablePlan::read(Connection& connection) {
    // Having read it, the transaction keeps others from changing the table until the catalogue has
    // been read too.
    auto answers = connection.run(shape_query(*table));
    if (!answers) {
        return pass_on(answers);
    }
    auto read = read_table(connection, table->name);
    if (!read) {
        return pass_on(read);
    }
    std::optional<CatalogueTable>& there = *read;
    if (!there) {
        return fail(FailureKind::schema, "table {} has just been dropped", table->name);
    }
    shape = std::move(answers->front().shape);
    found = std::move(*there);
    return {};
}

bool TablePlan::make_current(const std::vector<bool>& now_left_out) {
    if (version == table->version && !columns.empty() && left_out == now_left_out) {
        return true;
    }
    columns.clear();
    in_key.clear();
    cell_of.clear();
    left_out = now_left_out;
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < table->columns.size(); ++i) {
        const mapping::Column& column = table->columns[i];
        if (!left_out.empty() && left_out[i]) {
            continue;
        }
        const CatalogueColumn* there = found.find(column.name);
        if (there == nullptr || !there->content || there->generated || !fits(column.type, *there)) {
            columns.clear();
            return false;
        }
        found.columns[static_cast<std::size_t>(there - found.columns.data())].rounds =
                may_round(*table, column);
        columns.push_back(there);
        in_key.push_back(std::ranges::find(table->key, column.name) != table->key.end());
        cell_of.push_back(i);
        names.push_back(column.name);
    }
    version = table->version;
    insert = {
        fmt::format("INSERT INTO {} ({}) VALUES ", quoted_table(table->name), quoted_list(names)),
        names.size(), ""};
    return true;
}

// The value as text in UTF-8; of bytes, themselves.
std::string shown_text(const CatalogueColumn& column) {
    std::string name = dialect().quoted(column.name);
    if (column.content == Content::bytes) {
        return name;
    }
    return fmt::format(
            "CONVERT({}{} USING utf8mb4)", name, column.type.starts_with("bit") ? " + 0" : "");
}

// VALUES(c) is the value as it would be stored, so that rounding is no difference. The bytes of
// texts are compared, because collations may see no difference where there is one.
InsertShape TablePlan::insert_comparing_duplicates() const {
    std::string differences;
    const auto compared = compared_columns(*table);
    for (std::size_t number = 0; number < columns.size(); ++number) {
        const std::uint32_t i = cell_of[number];
        if (std::ranges::find(compared, i) == compared.end()) {
            continue;
        }
        const CatalogueColumn& there = *columns[number];
        const std::string name = dialect().quoted(there.name);
        const bool bytes = there.content == Content::text ||
                           (there.content == Content::json && there.type != "json");
        differences += fmt::format(
                "{0}IF({1}{2} <=> {1}VALUES({2}), '', CONCAT('{3}:', IFNULL(HEX(LEFT({5}, {4})), "
                "'-'), ';'))",
                differences.empty() ? "" : ", ", bytes ? "BINARY " : "", name, i,
                kShownCharactersMax, shown_text(there));
    }
    return {insert.before, insert.columns,
        fmt::format(" ON DUPLICATE KEY UPDATE {0} = IF((@foz_conflicts := CONCAT(@foz_conflicts, "
                    "{1})) IS NULL, {0}, {0})",
                dialect().quoted(table->key.front()), differences)};
}

InsertShape TablePlan::insert_replacing() const {
    std::string updates =
            fmt::format("{0} = IF((@foz_replaced := @foz_replaced + 1) IS NULL, {0}, {0})",
                    dialect().quoted(table->key.front()));
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (!in_key[i]) {
            updates += fmt::format(", {0} = VALUES({0})", dialect().quoted(columns[i]->name));
        }
    }
    return {insert.before, insert.columns, " ON DUPLICATE KEY UPDATE " + updates};
}

std::vector<Difference> differences_in(std::string_view conflict) {
    std::vector<Difference> differences;
    while (!conflict.empty()) {
        const std::string_view one = conflict.substr(0, conflict.find(';'));
        conflict.remove_prefix(std::min(one.size() + 1, conflict.size()));
        const std::size_t colon = one.find(':');
        Difference difference;
        std::from_chars(one.data(), one.data() + one.size(), difference.column);
        const std::string_view digits = one.substr(std::min(colon, one.size() - 1) + 1);
        if (digits != "-") {
            std::string& text = difference.stored.emplace();
            for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
                unsigned char byte = 0;
                std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
                text += static_cast<char>(byte);
            }
        }
        differences.push_back(std::move(difference));
    }
    return differences;
}

std::string shape_query(const mapping::Table& table) {
    return fmt::format("SELECT * FROM {} LIMIT 0", quoted_table(table.name));
}

namespace {

SinkResult<void> fill(const TableRows& rows, TablePlan& plan, const std::vector<bool>& left_out) {
    if (!plan.make_current(left_out)) {
        return fail(FailureKind::schema, "table {} lacks columns that it should have",
                plan.table->name);
    }
    if (auto wrong = plan.arrays.fill(
                rows.batch(), plan.rows, plan.columns, plan.in_key, plan.cell_of)) {
        return std::unexpected(SinkError{FailureKind::refused, std::string(wrong->number),
            fmt::format("table {}: {}", plan.table->name, wrong->message),
            rows.number_in_write(plan.rows[wrong->row])});
    }
    return {};
}

}  // namespace

SinkResult<void> take_rows(
        const TableRows& rows, std::span<TablePlan> plans, std::deque<TablePlan>& more) {
    more.clear();
    for (std::size_t i = 0; i < plans.size(); ++i) {
        TablePlan& plan = plans[i];
        plan.rows = rows.of(i);
        if (plan.rows.empty()) {
            continue;
        }
        std::vector<RowGroup> groups{{}};
        if (rows.has_defaults(i)) {
            groups = rows.groups_of(i);
        }
        for (std::size_t number = 0; number < groups.size(); ++number) {
            TablePlan& one = number == 0 ? plan : more.emplace_back();
            if (number > 0) {
                one.table = plan.table;
                one.found = plan.found;
                one.shape = plan.shape;
            }
            one.group = std::move(groups[number]);
            if (!one.group.rows.empty()) {
                one.rows = one.group.rows;
            }
            if (auto filled = fill(rows, one, one.group.left_out); !filled) {
                return filled;
            }
        }
    }
    return {};
}

}  // namespace foz::sink::mariadb
