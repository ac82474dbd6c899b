// SPDX-License-Identifier: Apache-2.0
#include "sink/key_conflict.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "mapping/binary_text.h"
#include "mapping/excerpt.h"

namespace foz::sink {
namespace {

using mapping::ColumnType;
using mapping::Value;

std::string shown_time(SystemTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}", static_cast<int>(date.year()),
            static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
            clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
            clock.subseconds().count());
}

std::string shown_text(std::string_view text, ColumnType type) {
    if (type == ColumnType::bytes) {
        // PostgreSQL has said it so already.
        constexpr std::string_view kPrefix = "\\x";
        return mapping::excerpt(text.starts_with(kPrefix) ? std::string(text)
                                                          : kPrefix.data() + mapping::to_hex(text));
    }
    std::string shown = mapping::excerpt(text);
    return type == ColumnType::text ? fmt::format("\"{}\"", shown) : shown;
}

std::string shown(const Value& value) {
    if (value.is_null()) {
        return "NULL";
    }
    switch (value.type()) {
        case ColumnType::integer: return fmt::format("{}", value.integer());
        case ColumnType::real: return fmt::format("{}", value.real());
        case ColumnType::boolean: return value.boolean() ? "true" : "false";
        case ColumnType::timestamp: return shown_time(value.timestamp());
        case ColumnType::decimal:
        case ColumnType::json:
        case ColumnType::bytes:
        case ColumnType::text: break;
    }
    return shown_text(value.text(), value.type());
}

// A row has cells up to the last that is set.
Value cell_of(std::span<const Value> cells, std::size_t column) {
    return column < cells.size() ? cells[column] : Value();
}

}  // namespace

std::vector<std::size_t> compared_columns(const mapping::Table& table) {
    std::vector<std::size_t> compared;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const mapping::Column& column = table.columns[i];
        if (!column.receipt || std::ranges::find(table.key, column.name) != table.key.end()) {
            compared.push_back(i);
        }
    }
    return compared;
}

bool replaces(const mapping::Table& table, const LaneName& lane) {
    return table.replaces && !table.key.empty() && !lane.lane.starts_with("dead");
}

RefusedRow key_conflict(std::size_t row, const mapping::Table& table, std::span<const Value> cells,
        std::span<const Difference> differences) {
    constexpr std::size_t kShownMax = 5;  // columns
    std::string key;
    for (const std::string& name : table.key) {
        const auto index = table.index_of(name);
        key += key.empty() ? "" : ", ";
        key += index ? shown(cell_of(cells, *index)) : "?";
    }
    std::string stored;
    std::string read;
    for (const Difference& one : differences.first(std::min(differences.size(), kShownMax))) {
        const mapping::Column& column = table.columns[one.column];
        const std::string_view comma = stored.empty() ? "" : ", ";
        stored += fmt::format("{}{} = {}", comma, column.name,
                one.stored ? shown_text(*one.stored, column.type) : "NULL");
        read += fmt::format("{}{} = {}", comma, column.name, shown(cell_of(cells, one.column)));
    }
    if (differences.size() > kShownMax) {
        read += fmt::format(" and {} columns more", differences.size() - kShownMax);
    }
    return {row, std::string(kKeyConflict),
        fmt::format("another reading has this key: ({}) = ({}): stored {}, this reading {}",
                fmt::join(table.key, ", "), key, stored, read)};
}

RefusedRow kept_out(std::size_t row, const mapping::Table& table) {
    return {row, std::string(kKeptOut),
        fmt::format("a trigger of table {} keeps this reading out of it", table.name)};
}

SinkError refusal_of(std::vector<RefusedRow> rows) {
    FOZ_CHECK(!rows.empty());
    std::ranges::sort(rows, {}, &RefusedRow::row);
    SinkError error{
        FailureKind::refused, rows.front().code, rows.front().message, rows.front().row, {}};
    if (rows.size() > 1) {
        error.rows = std::move(rows);
    }
    return error;
}

}  // namespace foz::sink
