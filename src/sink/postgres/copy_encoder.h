// SPDX-License-Identifier: Apache-2.0
// Rows in the format of `COPY ... FROM STDIN (FORMAT binary)`: PostgreSQL's documentation, "COPY",
// section "Binary Format"; the bytes of each type are those of its receive function. Pure; throws
// std::bad_alloc only.
//
// The hot path: a cell costs a few nanoseconds, and memory is allocated only until the buffer has
// grown.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mapping/value.h"
#include "sink/literal_text.h"

namespace foz::sink::postgres {

/// How a column's values are written: follows the column's type in the catalogue.
enum class Encoding : std::uint8_t {
    int2,
    int4,
    int8,
    float4,
    float8,
    numeric,
    text,
    boolean,
    timestamp,
    json,
    jsonb,
    uuid,
    bytea,
    literal,  // the server reads it: row_text.h
};

/// A column of an existing table, as the encoder needs to know it.
struct TargetColumn {
    std::string name;
    std::string type;  // as the server spells it: "character varying(20)"
    Encoding encoding = Encoding::text;
    bool not_null = false;
    std::optional<std::uint32_t> characters_max;  // of text
    bool left_out = false;                        // it is not in the COPY: the database fills it
    /// Behind the point of a numeric or the second of a timestamp; nothing: as many as it has.
    std::optional<std::int32_t> places;
    bool rounds = false;  // what does not fit into `places` or a float is rounded by the server
    bool array = false;   // of elements of `encoding`
    Literal literal = Literal::whole;  // with Encoding::literal

    /// Whether the binary format cannot have it.
    [[nodiscard]] bool needs_text() const { return array || encoding == Encoding::literal; }
};

/// Bytes that grow at the end and are reused.
class CopyBuffer {
  public:
    /// Room for `count` more bytes at the end; what is written there counts after advance().
    [[nodiscard]] char* extend(std::size_t count) {
        if (capacity_ - size_ < count) [[unlikely]] {
            grow(count);
        }
        return bytes_.get() + size_;
    }
    void advance(std::size_t count) { size_ += count; }
    void truncate(std::size_t size) { size_ = size; }
    void clear() { size_ = 0; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

  private:
    void grow(std::size_t count);
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

/// Why a value cannot be stored in its column.
struct Flaw {
    std::string_view sqlstate;  // what the server would have said
    std::string reason;         // "3000000000 is out of range"
};

struct CellError {
    std::size_t column = 0;  // index into the target's columns
    Flaw flaw;
};

void append_header(CopyBuffer& buffer);
void append_trailer(CopyBuffer& buffer);

/// Starts a row of `fields` fields. The cells follow.
void append_field_count(std::size_t fields, CopyBuffer& buffer);
/// One field of type int4.
void append_int4(std::int32_t value, CopyBuffer& buffer);

/// Appends the field of a value that is not null, of a column that does not need text. After an
/// error the buffer holds what it held.
[[nodiscard]] std::optional<Flaw> append_cell(
        const mapping::Value& value, const TargetColumn& column, CopyBuffer& buffer);

/// Appends one field for each of `columns` that is not left out; cells that `cells` lacks are null.
/// After an error the buffer holds a part of the row.
[[nodiscard]] std::optional<CellError> append_cells(std::span<const mapping::Value> cells,
        std::span<const TargetColumn> columns, CopyBuffer& buffer);

}  // namespace foz::sink::postgres
