// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/copy_encoder.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "sink/loss.h"
#include "sink/postgres/numeric.h"
#include "sink/postgres/sqlstate.h"

namespace foz::sink::postgres {
namespace {

using mapping::ColumnType;
using mapping::Value;

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr std::int64_t kEpochDifference = 946'684'800'000'000;  // 1970 to 2000, in microseconds
constexpr std::size_t kLengthBytes = 4;

// Nothing when the cell was written; otherwise why it was not.
using Problem = std::optional<Flaw>;

constexpr std::string_view kTooLong = "22001";
constexpr std::string_view kOutOfRange = "22003";
constexpr std::string_view kInvalidText = "22P02";
constexpr std::string_view kProgramLimit = "54000";

template <class T>
void append_fixed(T value, CopyBuffer& buffer) {
    char* at = buffer.extend(kLengthBytes + sizeof value);
    store_big(at, static_cast<std::int32_t>(sizeof value));
    store_big(at + kLengthBytes, value);
    buffer.advance(kLengthBytes + sizeof value);
}

void append_null(CopyBuffer& buffer) {
    store_big(buffer.extend(kLengthBytes), std::int32_t{-1});
    buffer.advance(kLengthBytes);
}

Problem wrong_kind(const Value& value) {
    return Flaw{
        kWrongKind, fmt::format("it does not take a value of type {}", name_of(value.type()))};
}

std::optional<std::int64_t> as_integer(const Value& value) {
    if (value.type() == ColumnType::integer) {
        return value.integer();
    }
    constexpr double kLimit = 9'223'372'036'854'775'808.0;
    if (value.type() == ColumnType::real && value.real() == std::trunc(value.real()) &&
            value.real() >= -kLimit && value.real() < kLimit) {
        return static_cast<std::int64_t>(value.real());
    }
    return std::nullopt;
}

template <class T>
Problem append_integer(const Value& value, CopyBuffer& buffer) {
    const auto integer = as_integer(value);
    if (!integer) [[unlikely]] {
        if (value.type() != ColumnType::real) {
            return wrong_kind(value);
        }
        return Flaw{kInvalidText, fmt::format("{} is not an integer", value.real())};
    }
    if (!std::in_range<T>(*integer)) [[unlikely]] {
        return Flaw{kOutOfRange, fmt::format("{} is out of range", *integer)};
    }
    append_fixed(static_cast<T>(*integer), buffer);
    return std::nullopt;
}

std::optional<double> as_real(const Value& value) {
    switch (value.type()) {
        case ColumnType::real: return value.real();
        case ColumnType::integer: return static_cast<double>(value.integer());
        case ColumnType::decimal: {
            double real = 0;
            const auto text = value.text();
            const auto end = std::from_chars(text.data(), text.data() + text.size(), real);
            return end.ec == std::errc() ? std::optional(real) : std::nullopt;
        }
        default: return std::nullopt;
    }
}

Problem no_real(const Value& value) {
    if (value.type() == ColumnType::decimal) {
        return Flaw{kOutOfRange, "the number is out of range"};
    }
    return wrong_kind(value);
}

Problem append_float8(const Value& value, const TargetColumn& column, CopyBuffer& buffer) {
    const auto real = as_real(value);
    if (!real) [[unlikely]] {
        return no_real(value);
    }
    if (!column.rounds) {
        if (auto loss = loss_in_double(value, *real)) [[unlikely]] {
            return Flaw{kLossy, std::move(*loss)};
        }
    }
    append_fixed(std::bit_cast<std::int64_t>(*real), buffer);
    return std::nullopt;
}

Problem append_float4(const Value& value, const TargetColumn& column, CopyBuffer& buffer) {
    const auto real = as_real(value);
    if (!real) [[unlikely]] {
        return no_real(value);
    }
    if (std::isfinite(*real) && std::abs(*real) > std::numeric_limits<float>::max()) {
        return Flaw{kOutOfRange, fmt::format("{} is out of range", *real)};
    }
    if (!column.rounds) {
        if (auto loss = loss_in_float(value, *real)) [[unlikely]] {
            return Flaw{kLossy, std::move(*loss)};
        }
    }
    append_fixed(std::bit_cast<std::int32_t>(static_cast<float>(*real)), buffer);
    return std::nullopt;
}

Problem append_numeric_cell(const Value& value, const TargetColumn& column, CopyBuffer& buffer) {
    char digits[64];
    std::string_view text;
    switch (value.type()) {
        case ColumnType::decimal: text = value.text(); break;
        case ColumnType::integer:
            text = {digits, std::to_chars(digits, std::end(digits), value.integer()).ptr};
            break;
        case ColumnType::real:
            text = {digits, std::to_chars(digits, std::end(digits), value.real()).ptr};
            break;
        default: return wrong_kind(value);
    }
    if (column.places && !column.rounds) {
        if (auto loss = loss_of_places(text, *column.places)) [[unlikely]] {
            return Flaw{kLossy, std::move(*loss)};
        }
    }
    if (!append_numeric(text, buffer)) {
        return Flaw{kOutOfRange, "the number is out of range"};
    }
    return std::nullopt;
}

bool is_text_kind(const Value& value) {
    return value.type() == ColumnType::text || value.type() == ColumnType::json ||
           value.type() == ColumnType::decimal;
}

std::size_t characters_in(std::string_view utf8) {
    return static_cast<std::size_t>(
            std::ranges::count_if(utf8, [](char byte) { return (byte & 0xC0) != 0x80; }));
}

void append_bytes(std::string_view prefix, std::string_view text, CopyBuffer& buffer) {
    const std::size_t size = prefix.size() + text.size();
    char* at = buffer.extend(kLengthBytes + size);
    store_big(at, static_cast<std::int32_t>(size));
    std::memcpy(at + kLengthBytes, prefix.data(), prefix.size());
    if (!text.empty()) {
        std::memcpy(at + kLengthBytes + prefix.size(), text.data(), text.size());
    }
    buffer.advance(kLengthBytes + size);
}

constexpr std::size_t kFieldBytesMax = (1U << 30) - 64;  // what PostgreSQL takes in one field

Flaw too_large(std::size_t bytes) {
    return {
        kProgramLimit, fmt::format("{} bytes are more than PostgreSQL stores in one field", bytes)};
}

Problem append_bytea(const Value& value, CopyBuffer& buffer) {
    if (value.type() != ColumnType::bytes) [[unlikely]] {
        return wrong_kind(value);
    }
    if (value.text().size() > kFieldBytesMax) [[unlikely]] {
        return too_large(value.text().size());
    }
    append_bytes("", value.text(), buffer);
    return std::nullopt;
}

Problem append_text(const Value& value, const TargetColumn& column, CopyBuffer& buffer) {
    if (!is_text_kind(value)) [[unlikely]] {
        return wrong_kind(value);
    }
    const std::string_view text = value.text();
    if (!text.empty() && std::memchr(text.data(), '\0', text.size()) != nullptr) [[unlikely]] {
        return Flaw{kUntranslatable, "PostgreSQL cannot store the character U+0000"};
    }
    if (text.size() > kFieldBytesMax) [[unlikely]] {
        return too_large(text.size());
    }
    if (column.characters_max && text.size() > *column.characters_max &&
            characters_in(text) > *column.characters_max) [[unlikely]] {
        return Flaw{kTooLong, fmt::format("{} characters are too long", characters_in(text))};
    }
    append_bytes(column.encoding == Encoding::jsonb ? std::string_view("\1") : "", text, buffer);
    return std::nullopt;
}

Problem append_json(const Value& value, const TargetColumn& column, CopyBuffer& buffer) {
    if (value.type() != ColumnType::json) [[unlikely]] {
        return wrong_kind(value);
    }
    return append_text(value, column, buffer);
}

Problem append_boolean(const Value& value, CopyBuffer& buffer) {
    if (value.type() != ColumnType::boolean) [[unlikely]] {
        return wrong_kind(value);
    }
    append_fixed(static_cast<std::int8_t>(value.boolean() ? 1 : 0), buffer);
    return std::nullopt;
}

Problem append_timestamp(const Value& value, const TargetColumn& column, CopyBuffer& buffer) {
    if (value.type() != ColumnType::timestamp) [[unlikely]] {
        return wrong_kind(value);
    }
    std::int64_t since_2000 = 0;
    if (__builtin_sub_overflow(value.integer(), kEpochDifference, &since_2000)) [[unlikely]] {
        return Flaw{kTimeOutOfRange, "the time is out of range"};
    }
    if (column.places && !column.rounds) {
        if (auto loss = loss_of_fraction(value, *column.places)) [[unlikely]] {
            return Flaw{kLossy, std::move(*loss)};
        }
    }
    append_fixed(since_2000, buffer);
    return std::nullopt;
}

// Takes the digits with or without hyphens and braces, as the server does.
Problem append_uuid(const Value& value, CopyBuffer& buffer) {
    if (value.type() != ColumnType::text) [[unlikely]] {
        return wrong_kind(value);
    }
    std::string digits;
    for (const char one : value.text()) {
        if (one != '-' && one != '{' && one != '}') {
            digits.push_back(one);
        }
    }
    char bytes[16] = {};
    bool valid = digits.size() == 32;
    for (std::size_t i = 0; valid && i < sizeof bytes; ++i) {
        unsigned byte = 0;
        const char* start = digits.data() + 2 * i;
        valid = std::from_chars(start, start + 2, byte, 16).ptr == start + 2;
        bytes[i] = static_cast<char>(byte);
    }
    if (!valid) {
        return Flaw{kInvalidText, "the text is not a UUID"};
    }
    append_bytes("", {bytes, sizeof bytes}, buffer);
    return std::nullopt;
}

// The kinds of value that most columns have, when they need no check: without an optional<string>
// in between.
bool append_plain_cell(const Value& value, Encoding encoding, CopyBuffer& buffer) {
    if (encoding == Encoding::float8 && value.type() == ColumnType::real) {
        append_fixed(std::bit_cast<std::int64_t>(value.real()), buffer);
        return true;
    }
    if (encoding == Encoding::int8 && value.type() == ColumnType::integer) {
        append_fixed(value.integer(), buffer);
        return true;
    }
    return false;
}

}  // namespace

void CopyBuffer::grow(std::size_t count) {
    const std::size_t capacity = std::max<std::size_t>({2 * capacity_, size_ + count, 128 << 10});
    auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) {
        std::memcpy(bytes.get(), bytes_.get(), size_);
    }
    bytes_ = std::move(bytes);
    capacity_ = capacity;
}

void append_header(CopyBuffer& buffer) {
    constexpr std::size_t kFlagsAndExtension = 8;
    char* at = buffer.extend(kSignature.size() + kFlagsAndExtension);
    std::memcpy(at, kSignature.data(), kSignature.size());
    std::memset(at + kSignature.size(), 0, kFlagsAndExtension);
    buffer.advance(kSignature.size() + kFlagsAndExtension);
}

void append_trailer(CopyBuffer& buffer) {
    store_big(buffer.extend(sizeof(std::int16_t)), std::int16_t{-1});
    buffer.advance(sizeof(std::int16_t));
}

void append_field_count(std::size_t fields, CopyBuffer& buffer) {
    store_big(buffer.extend(sizeof(std::int16_t)), static_cast<std::int16_t>(fields));
    buffer.advance(sizeof(std::int16_t));
}

void append_int4(std::int32_t value, CopyBuffer& buffer) {
    append_fixed(value, buffer);
}

std::optional<Flaw> append_cell(
        const Value& value, const TargetColumn& column, CopyBuffer& buffer) {
    switch (column.encoding) {
        case Encoding::int2: return append_integer<std::int16_t>(value, buffer);
        case Encoding::int4: return append_integer<std::int32_t>(value, buffer);
        case Encoding::int8: return append_integer<std::int64_t>(value, buffer);
        case Encoding::float4: return append_float4(value, column, buffer);
        case Encoding::float8: return append_float8(value, column, buffer);
        case Encoding::numeric: return append_numeric_cell(value, column, buffer);
        case Encoding::text: return append_text(value, column, buffer);
        case Encoding::boolean: return append_boolean(value, buffer);
        case Encoding::timestamp: return append_timestamp(value, column, buffer);
        case Encoding::json:
        case Encoding::jsonb: return append_json(value, column, buffer);
        case Encoding::uuid: return append_uuid(value, buffer);
        case Encoding::bytea: return append_bytea(value, buffer);
        case Encoding::literal: break;
    }
    return wrong_kind(value);
}

std::optional<CellError> append_cells(
        std::span<const Value> cells, std::span<const TargetColumn> columns, CopyBuffer& buffer) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const TargetColumn& column = columns[i];
        if (i >= cells.size() || cells[i].is_null()) {
            if (column.left_out) {
                continue;
            }
            if (column.not_null) [[unlikely]] {
                return CellError{i, {kNotNull, "it may not be null"}};
            }
            append_null(buffer);
            continue;
        }
        if (append_plain_cell(cells[i], column.encoding, buffer)) {
            continue;
        }
        if (auto problem = append_cell(cells[i], column, buffer)) [[unlikely]] {
            return CellError{i, std::move(*problem)};
        }
    }
    return std::nullopt;
}

}  // namespace foz::sink::postgres
