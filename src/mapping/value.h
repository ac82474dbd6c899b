// SPDX-License-Identifier: Apache-2.0
// One cell of a row on its way from a message to a table, and the column types of foz.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"

namespace foz::mapping {

/// The column types of the configuration. Each sink says in its README table which SQL type it
/// makes of each.
enum class ColumnType : std::uint8_t {
    integer,  // 64-bit, signed
    real,     // "double" in the configuration: IEEE 754 double
    decimal,  // a number with all its digits, for NUMERIC and DECIMAL columns
    text,     // UTF-8
    boolean,
    timestamp,  // an instant, microseconds since 1970 UTC
    json,       // a JSON value as text
    bytes,      // as they are
};

/// "integer", "double", "decimal", "text", "boolean", "timestamp", "json", "bytes".
[[nodiscard]] std::string_view name_of(ColumnType type);
[[nodiscard]] std::optional<ColumnType> column_type_from(std::string_view name);
/// Of all types.
[[nodiscard]] std::span<const std::string_view> column_type_names();

/// A cell: null, or a value of one of the column types. 16 bytes; text is a view into memory that
/// the RowBatch keeps alive. The kind of a value need not be its column's type: an integer may
/// stand in a real column (inference widened it); the sink's encoder converts or refuses.
class Value {
  public:
    Value() = default;  // null

    [[nodiscard]] static Value of_integer(std::int64_t value);
    [[nodiscard]] static Value of_real(double value);
    [[nodiscard]] static Value of_boolean(bool value);
    [[nodiscard]] static Value of_timestamp(SystemTime value);
    /// `text` at most 4 GiB. For decimal: digits as in JSON, such as "-12.50" or "1e3".
    [[nodiscard]] static Value of_text(ColumnType type, std::string_view text);

    [[nodiscard]] bool is_null() const { return null_; }
    [[nodiscard]] ColumnType type() const { return type_; }  // of a value that is not null
    [[nodiscard]] std::int64_t integer() const { return integer_; }
    [[nodiscard]] double real() const { return real_; }
    [[nodiscard]] bool boolean() const { return integer_ != 0; }
    [[nodiscard]] SystemTime timestamp() const { return SystemTime(Microseconds(integer_)); }
    /// Of text, decimal, json and bytes.
    [[nodiscard]] std::string_view text() const { return {data_, size_}; }

  private:
    // NOLINTBEGIN(readability-identifier-naming): they are private members like any other.
    union {
        std::int64_t integer_ = 0;
        double real_;
        const char* data_;
    };
    // NOLINTEND(readability-identifier-naming)
    std::uint32_t size_ = 0;
    ColumnType type_ = ColumnType::integer;
    bool null_ = true;
};

inline Value Value::of_integer(std::int64_t value) {
    Value cell;
    cell.integer_ = value;
    cell.null_ = false;
    return cell;
}

inline Value Value::of_real(double value) {
    Value cell;
    cell.real_ = value;
    cell.type_ = ColumnType::real;
    cell.null_ = false;
    return cell;
}

inline Value Value::of_boolean(bool value) {
    Value cell = of_integer(value ? 1 : 0);
    cell.type_ = ColumnType::boolean;
    return cell;
}

inline Value Value::of_timestamp(SystemTime value) {
    Value cell = of_integer(value.time_since_epoch().count());
    cell.type_ = ColumnType::timestamp;
    return cell;
}

inline Value Value::of_text(ColumnType type, std::string_view text) {
    FOZ_CHECK(text.size() <= UINT32_MAX);
    Value cell;
    cell.data_ = text.data();
    cell.size_ = static_cast<std::uint32_t>(text.size());
    cell.type_ = type;
    cell.null_ = false;
    return cell;
}

}  // namespace foz::mapping
