// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/row_text.h"

#include <bit>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "mapping/binary_text.h"
#include "sink/literal_text.h"
#include "sink/postgres/sqlstate.h"

namespace foz::sink::postgres {
namespace {

using mapping::ColumnType;
using mapping::JsonKind;
using mapping::Value;

void append(std::string_view text, CopyBuffer& buffer) {
    std::memcpy(buffer.extend(text.size()), text.data(), text.size());
    buffer.advance(text.size());
}

// So that no text ends a cell or a row.
void append_escaped(std::string_view text, CopyBuffer& buffer) {
    for (const char one : text) {
        switch (one) {
            case '\\': append("\\\\", buffer); break;
            case '\n': append("\\n", buffer); break;
            case '\r': append("\\r", buffer); break;
            case '\t': append("\\t", buffer); break;
            default: append({&one, 1}, buffer);
        }
    }
}

std::unexpected<Flaw> flawed(std::string_view sqlstate, std::string reason) {
    return std::unexpected(Flaw{sqlstate, std::move(reason)});
}

ColumnType type_of(Encoding encoding) {
    switch (encoding) {
        case Encoding::int2:
        case Encoding::int4:
        case Encoding::int8: return ColumnType::integer;
        case Encoding::float4:
        case Encoding::float8: return ColumnType::real;
        case Encoding::numeric: return ColumnType::decimal;
        case Encoding::boolean: return ColumnType::boolean;
        case Encoding::bytea: return ColumnType::bytes;
        case Encoding::timestamp: return ColumnType::timestamp;
        case Encoding::json:
        case Encoding::jsonb: return ColumnType::json;
        case Encoding::text:
        case Encoding::uuid:
        case Encoding::literal: break;
    }
    return ColumnType::text;
}

bool holds_json(Encoding encoding) {
    return encoding == Encoding::json || encoding == Encoding::jsonb;
}

// In UTC; a column without time zone ignores the offset.
std::optional<std::string> time_text(SystemTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    if (date.year() < std::chrono::year(1) || date.year() > std::chrono::year(9999)) {
        return std::nullopt;
    }
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00",
            static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
            clock.seconds().count(), clock.subseconds().count());
}

}  // namespace

void RowText::append_number(std::uint64_t number, CopyBuffer& buffer) {
    append(fmt::format("{}\t", number), buffer);
}

std::optional<CellError> RowText::append_row(
        std::span<const Value> cells, std::span<const TargetColumn> columns, CopyBuffer& buffer) {
    bool first = true;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const TargetColumn& column = columns[i];
        if (column.left_out) {
            continue;
        }
        append(std::exchange(first, false) ? "" : "\t", buffer);
        if (i >= cells.size() || cells[i].is_null()) {
            if (column.not_null) {
                return CellError{i, {kNotNull, "it may not be null"}};
            }
            append("\\N", buffer);
            continue;
        }
        if (auto flaw = set_text(cells[i], column)) {
            return CellError{i, std::move(*flaw)};
        }
        append_escaped(text_, buffer);
    }
    append("\n", buffer);
    return std::nullopt;
}

std::optional<Flaw> RowText::set_text(const Value& value, const TargetColumn& column) {
    text_.clear();
    if (!column.array) {
        const auto text = scalar(value, column);
        if (!text) {
            return text.error();
        }
        text_ = *text;
        return std::nullopt;
    }
    if (value.type() != ColumnType::json) {
        return Flaw{
            kWrongKind, fmt::format("it does not take a value of type {}", name_of(value.type()))};
    }
    payload_.assign(value.text());
    payload_.resize(value.text().size() + kReadablePadding);
    if (auto parsed = document_.parse(std::string_view(payload_).substr(0, value.text().size()));
            !parsed) {
        return Flaw{kWrongKind, std::move(parsed.error().message)};
    }
    elements_.clear();
    return append_array(0, column);
}

std::optional<Flaw> RowText::append_array(std::uint32_t index, const TargetColumn& column) {
    const mapping::JsonNode& array = document_.node(index);
    if (array.kind != JsonKind::array) {
        return Flaw{
            kWrongKind, fmt::format("it takes a JSON array, not {}", description_of(array.kind))};
    }
    if (index != 0 && array.end == index + 1) {
        return Flaw{kLossy, "an empty array in an array would be lost"};
    }
    text_ += '{';
    for (std::uint32_t i = index + 1; i != array.end; i = document_.node(i).end) {
        if (i != index + 1) {
            text_ += ',';
        }
        if (auto flaw = append_element(i, column)) {
            return flaw;
        }
    }
    text_ += '}';
    return std::nullopt;
}

std::optional<Flaw> RowText::append_element(std::uint32_t index, const TargetColumn& column) {
    const JsonKind kind = document_.node(index).kind;
    if (kind == JsonKind::null) {
        text_ += "NULL";
        return std::nullopt;
    }
    // An array in it is another dimension, but for elements that are JSON themselves.
    if (kind == JsonKind::array && !holds_json(column.encoding)) {
        return append_array(index, column);
    }
    conversion_.type = type_of(column.encoding);
    conversion_.rounds = column.rounds;
    const auto value = convert_json(document_, index, conversion_, elements_);
    if (!value) {
        return Flaw{kWrongKind, value.error()};
    }
    const auto text = scalar(*value, column);
    if (!text) {
        return text.error();
    }
    text_ += '"';
    for (const char one : *text) {
        if (one == '"' || one == '\\') {
            text_ += '\\';
        }
        text_ += one;
    }
    text_ += '"';
    return std::nullopt;
}

std::expected<std::string_view, Flaw> RowText::scalar(
        const Value& value, const TargetColumn& column) {
    constexpr std::int64_t kPlacesMax = 6;
    if (column.encoding == Encoding::literal) {
        if (value.type() != ColumnType::text) {
            return flawed(kWrongKind,
                    fmt::format("it does not take a value of type {}", name_of(value.type())));
        }
        if (value.text().find('\0') != std::string_view::npos) {
            return flawed(kUntranslatable, "PostgreSQL cannot store the character U+0000");
        }
        if (!column.rounds) {
            const std::int64_t places = column.places.value_or(kPlacesMax);
            if (auto loss = loss_in_literal(column.literal, value.text(), places)) {
                return flawed(kLossy, std::move(*loss));
            }
        }
        return value.text();
    }
    checked_.clear();
    if (auto flaw = append_cell(value, column, checked_)) {
        return std::unexpected(std::move(*flaw));
    }
    constexpr std::size_t kLengthBytes = 4;
    const char* bytes = checked_.view().data() + kLengthBytes;
    switch (column.encoding) {
        case Encoding::int2: digits_ = fmt::format("{}", load_big<std::int16_t>(bytes)); break;
        case Encoding::int4: digits_ = fmt::format("{}", load_big<std::int32_t>(bytes)); break;
        case Encoding::int8: digits_ = fmt::format("{}", load_big<std::int64_t>(bytes)); break;
        case Encoding::float4:
            digits_ = fmt::format("{}", std::bit_cast<float>(load_big<std::int32_t>(bytes)));
            break;
        case Encoding::float8:
            digits_ = fmt::format("{}", std::bit_cast<double>(load_big<std::int64_t>(bytes)));
            break;
        case Encoding::boolean: return value.boolean() ? "t" : "f";
        case Encoding::bytea: digits_ = "\\x" + mapping::to_hex(value.text()); break;
        case Encoding::timestamp: {
            auto time = time_text(value.timestamp());
            if (!time) {
                return flawed(kTimeOutOfRange, "the time is not in the years 1 to 9999");
            }
            digits_ = std::move(*time);
            break;
        }
        case Encoding::numeric:
            if (value.type() == ColumnType::decimal) {
                return value.text();
            }
            digits_ = value.type() == ColumnType::integer ? fmt::format("{}", value.integer())
                                                          : fmt::format("{}", value.real());
            break;
        default: return value.text();
    }
    return digits_;
}

}  // namespace foz::sink::postgres
