// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/column_arrays.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "mapping/excerpt.h"
#include "sink/loss.h"

namespace foz::sink::mariadb {
namespace {

using mapping::ColumnType;
using mapping::Value;
using Problem = std::optional<Flaw>;

constexpr std::string_view kNotNull = "1048";
constexpr std::string_view kOutOfRange = "1264";
constexpr std::string_view kTruncated = "1265";
constexpr std::string_view kIncorrectTime = "1292";
constexpr std::string_view kIncorrectValue = "1366";
constexpr std::string_view kTooLong = "1406";

Flaw wrong_kind(const Value& value) {
    return {
        kIncorrectValue, fmt::format("it does not take a value of type {}", name_of(value.type()))};
}

Problem flaw_of(Loss loss) {
    return loss ? Problem({kTruncated, std::move(*loss)}) : std::nullopt;
}

std::size_t characters_in(std::string_view utf8) {
    return static_cast<std::size_t>(
            std::ranges::count_if(utf8, [](char byte) { return (byte & 0xC0) != 0x80; }));
}

Problem to_integer(const Value& value, const CatalogueColumn& column, std::int64_t& integer) {
    constexpr double kLimit = 9'223'372'036'854'775'808.0;
    if (value.type() == ColumnType::integer || value.type() == ColumnType::boolean) {
        integer = value.integer();
    } else if (value.type() == ColumnType::real && value.real() == std::trunc(value.real()) &&
               value.real() >= -kLimit && value.real() < kLimit) {
        integer = static_cast<std::int64_t>(value.real());
    } else if (value.type() == ColumnType::real) {
        return Flaw{kIncorrectValue, fmt::format("{} is not an integer", value.real())};
    } else {
        return wrong_kind(value);
    }
    if (integer < column.integer_min || std::cmp_greater(integer, column.integer_max)) {
        return Flaw{kOutOfRange, fmt::format("{} is out of range", integer)};
    }
    return std::nullopt;
}

Problem to_real(const Value& value, const CatalogueColumn& column, double& real) {
    switch (value.type()) {
        case ColumnType::real: real = value.real(); break;
        case ColumnType::integer: real = static_cast<double>(value.integer()); break;
        case ColumnType::decimal: {
            const auto text = value.text();
            if (std::from_chars(text.data(), text.data() + text.size(), real).ec != std::errc()) {
                return Flaw{kOutOfRange, "the number is out of range"};
            }
            break;
        }
        default: return wrong_kind(value);
    }
    const bool single = column.type.starts_with("float");
    if (!std::isfinite(real) || (single && std::abs(real) > std::numeric_limits<float>::max())) {
        return Flaw{kOutOfRange, fmt::format("{} is out of range", real)};
    }
    if (column.rounds) {
        return std::nullopt;
    }
    auto loss = single ? loss_in_float(value, real) : loss_in_double(value, real);
    if (!loss && column.places) {
        loss = loss_of_places(fmt::format("{}", real), *column.places);
    }
    return flaw_of(std::move(loss));
}

Problem to_time(const Value& value, const CatalogueColumn& column, MYSQL_TIME& time) {
    if (value.type() != ColumnType::timestamp) {
        return wrong_kind(value);
    }
    if (column.places && !column.rounds) {
        if (auto loss = loss_of_fraction(value, *column.places)) {
            return flaw_of(std::move(loss));
        }
    }
    const auto day = std::chrono::floor<std::chrono::days>(value.timestamp());
    const std::chrono::year_month_day date{day};
    if (date.year() < std::chrono::year(1) || date.year() > std::chrono::year(9999)) {
        return Flaw{kIncorrectTime, "the time is not in the years 1 to 9999"};
    }
    const std::chrono::hh_mm_ss clock{value.timestamp() - day};
    time = {};
    time.year = static_cast<unsigned>(static_cast<int>(date.year()));
    time.month = static_cast<unsigned>(date.month());
    time.day = static_cast<unsigned>(date.day());
    time.hour = static_cast<unsigned>(clock.hours().count());
    time.minute = static_cast<unsigned>(clock.minutes().count());
    time.second = static_cast<unsigned>(clock.seconds().count());
    time.second_part = static_cast<unsigned long>(clock.subseconds().count());
    time.time_type = MYSQL_TIMESTAMP_DATETIME;
    return std::nullopt;
}

}  // namespace

void ColumnArrays::Array::prepare(const CatalogueColumn& column, std::size_t rows) {
    nulls.assign(rows, STMT_INDICATOR_NONE);
    numbers.clear();
    pointers.clear();
    lengths.clear();
    FOZ_CHECK(column.content);
    content = *column.content;
    switch (content) {
        case Content::integer:
            type = MYSQL_TYPE_LONGLONG;
            integers.resize(rows);
            return;
        case Content::real:
            type = MYSQL_TYPE_DOUBLE;
            reals.resize(rows);
            return;
        case Content::datetime:
            type = MYSQL_TYPE_DATETIME;
            times.resize(rows);
            break;
        case Content::decimal:
        case Content::text:
        case Content::json:
        case Content::literal: type = MYSQL_TYPE_STRING; break;
        case Content::bytes: type = MYSQL_TYPE_BLOB; break;
    }
    pointers.resize(rows);
    lengths.resize(rows);
}

void ColumnArrays::Array::point_at(std::size_t row, std::string_view text) {
    pointers[row] = const_cast<char*>(text.data());
    lengths[row] = text.size();
}

Problem ColumnArrays::Array::set_null(std::size_t row, bool allowed) {
    nulls[row] = STMT_INDICATOR_NULL;
    if (!pointers.empty()) {
        pointers[row] = nullptr;
        lengths[row] = 0;
    }
    return allowed ? std::nullopt : Problem({kNotNull, "it may not be null"});
}

Problem ColumnArrays::Array::set_digits(
        std::size_t row, std::string_view number, const CatalogueColumn& column) {
    point_at(row, number);
    if (!column.places || column.rounds) {
        return std::nullopt;
    }
    return flaw_of(loss_of_places(number, *column.places));
}

Problem ColumnArrays::Array::set_decimal(
        std::size_t row, const Value& value, const CatalogueColumn& column) {
    if (value.type() == ColumnType::decimal) {
        return set_digits(row, value.text(), column);
    }
    std::array<char, 32>& digits = numbers.emplace_back();
    char* const end = digits.data() + digits.size();
    if (value.type() == ColumnType::integer) {
        return set_digits(row,
                {digits.data(), std::to_chars(digits.data(), end, value.integer()).ptr}, column);
    }
    if (value.type() == ColumnType::real) {
        return set_digits(
                row, {digits.data(), std::to_chars(digits.data(), end, value.real()).ptr}, column);
    }
    return wrong_kind(value);
}

Problem ColumnArrays::Array::set_text(
        std::size_t row, const Value& value, const CatalogueColumn& column) {
    if (value.type() != ColumnType::text && value.type() != ColumnType::json &&
            value.type() != ColumnType::decimal) {
        return wrong_kind(value);
    }
    const std::string_view text = value.text();
    if (text.size() > column.bytes_max) {
        return Flaw{kTooLong, fmt::format("{} bytes are too long", text.size())};
    }
    if (text.size() > column.characters_max && characters_in(text) > column.characters_max) {
        return Flaw{kTooLong, fmt::format("{} characters are too long", characters_in(text))};
    }
    point_at(row, text);
    return std::nullopt;
}

// BINARY(n) would be filled up with zeros.
Problem ColumnArrays::Array::set_bytes(
        std::size_t row, const Value& value, const CatalogueColumn& column) {
    if (value.type() != ColumnType::bytes) {
        return wrong_kind(value);
    }
    const std::size_t size = value.text().size();
    if (size > column.bytes_max) {
        return Flaw{kTooLong, fmt::format("{} bytes are too long", size)};
    }
    if (size < column.bytes_max && column.type.starts_with("binary") && !column.rounds) {
        return flaw_of(fmt::format("{} bytes would be filled up with zeros", size));
    }
    point_at(row, value.text());
    return std::nullopt;
}

// The server would take a label in any case, and digits for a label's number.
Problem ColumnArrays::Array::set_literal(
        std::size_t row, const Value& value, const CatalogueColumn& column) {
    constexpr std::int64_t kPlacesMax = 6;
    std::string_view text;
    if (value.type() == ColumnType::text) {
        text = value.text();
    } else if (value.type() == ColumnType::integer && column.literal == Literal::year) {
        std::array<char, 32>& digits = numbers.emplace_back();
        char* const end = digits.data() + digits.size();
        text = {digits.data(), std::to_chars(digits.data(), end, value.integer()).ptr};
    } else {
        return wrong_kind(value);
    }
    point_at(row, text);
    if (!column.rounds) {
        const std::int64_t places = column.places.value_or(kPlacesMax);
        if (auto loss = loss_in_literal(column.literal, text, places)) {
            return flaw_of(std::move(loss));
        }
    }
    const bool is_set = column.type.starts_with("set(");
    if (column.labels.empty() || (is_set && text.empty())) {
        return std::nullopt;
    }
    while (true) {
        const std::string_view label = is_set ? text.substr(0, text.find(',')) : text;
        if (std::ranges::find(column.labels, label) == column.labels.end()) {
            return Flaw{
                kTruncated, fmt::format("\"{}\" is none of its labels", mapping::excerpt(label))};
        }
        if (label.size() == text.size()) {
            return std::nullopt;
        }
        text.remove_prefix(label.size() + 1);
    }
}

Problem ColumnArrays::Array::set(
        std::size_t row, const Value& value, const CatalogueColumn& column) {
    switch (content) {
        case Content::integer: return to_integer(value, column, integers[row]);
        case Content::real: return to_real(value, column, reals[row]);
        case Content::datetime:
            pointers[row] = &times[row];
            lengths[row] = sizeof(MYSQL_TIME);
            return to_time(value, column, times[row]);
        case Content::decimal: return set_decimal(row, value, column);
        case Content::json:
            if (value.type() != ColumnType::json) {
                return wrong_kind(value);
            }
            return set_text(row, value, column);
        case Content::text: return set_text(row, value, column);
        case Content::bytes: return set_bytes(row, value, column);
        case Content::literal: return set_literal(row, value, column);
    }
    return wrong_kind(value);
}

void* ColumnArrays::Array::element(std::size_t row) {
    switch (type) {
        case MYSQL_TYPE_LONGLONG: return &integers[row];
        case MYSQL_TYPE_DOUBLE: return &reals[row];
        default: return static_cast<void*>(&pointers[row]);
    }
}

std::optional<CellError> ColumnArrays::fill(const mapping::RowBatch& batch,
        std::span<const std::uint32_t> rows, std::span<const CatalogueColumn* const> columns,
        const std::vector<bool>& in_key, std::span<const std::uint32_t> cell_of) {
    constexpr std::size_t kFixedBytes =
            16;  // more than any cell but text takes, and than the length of text
    arrays_.resize(columns.size());
    row_bytes_.assign(rows.size(), kFixedBytes * columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const CatalogueColumn& column = *columns[i];
        Array& array = arrays_[i];
        array.prepare(column, rows.size());
        const bool may_be_null = !column.not_null && !in_key[i];
        for (std::size_t row = 0; row < rows.size(); ++row) {
            const auto cells = batch.cells(batch.rows()[rows[row]]);
            const std::uint32_t cell = cell_of[i];
            const bool null = cell >= cells.size() || cells[cell].is_null();
            const Problem problem =
                    null ? array.set_null(row, may_be_null) : array.set(row, cells[cell], column);
            if (problem) [[unlikely]] {
                return CellError{row, problem->number,
                    fmt::format("column {} is {}: {}", column.name, column.type, problem->reason)};
            }
            if (array.is_text()) {
                row_bytes_[row] += array.lengths[row];
            }
        }
    }
    return std::nullopt;
}

void ColumnArrays::bind_bulk(std::size_t first, std::vector<MYSQL_BIND>& bindings) {
    bindings.assign(arrays_.size(), MYSQL_BIND{});
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
        Array& array = arrays_[i];
        bindings[i].buffer_type = array.type;
        bindings[i].buffer = array.element(first);
        bindings[i].u.indicator = &array.nulls[first];
        if (!array.lengths.empty()) {
            bindings[i].length = &array.lengths[first];
        }
    }
}

void ColumnArrays::bind_rows(
        std::size_t first, std::size_t last, std::vector<MYSQL_BIND>& bindings) {
    bindings.assign(arrays_.size() * (last - first), MYSQL_BIND{});
    std::size_t next = 0;
    for (std::size_t row = first; row < last; ++row) {
        for (Array& array : arrays_) {
            MYSQL_BIND& binding = bindings[next++];
            binding.buffer_type = array.type;
            const bool pointed = array.is_text() || array.type == MYSQL_TYPE_DATETIME;
            binding.buffer = pointed ? array.pointers[row] : array.element(row);
            binding.is_null = &array.nulls[row];
            if (!array.lengths.empty()) {
                binding.length = &array.lengths[row];
            }
        }
    }
}

}  // namespace foz::sink::mariadb
