// SPDX-License-Identifier: Apache-2.0
// The cells of many rows, column by column, as libmariadb's prepared statements take them. Text is
// not copied: it stays in the RowBatch. Reused from write to write. One thread.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <mysql.h>

#include "mapping/row_batch.h"
#include "sink/mariadb/catalogue.h"

namespace foz::sink::mariadb {

/// Why a value cannot be stored in its column.
struct Flaw {
    std::string_view number;  // of the error that the server would have reported
    std::string reason;       // "3000000000 is out of range"
};

struct CellError {
    std::size_t row = 0;  // index into the rows handed to fill()
    std::string_view number;
    std::string message;
};

class ColumnArrays {
  public:
    /// Takes the cells of the rows of `batch` with these indices; `columns` are the targets in the
    /// order of `cell_of`, which says what cell of a row goes there, of types that foz knows;
    /// `in_key` says which of them belong to the route's key.
    [[nodiscard]] std::optional<CellError> fill(const mapping::RowBatch& batch,
            std::span<const std::uint32_t> rows, std::span<const CatalogueColumn* const> columns,
            const std::vector<bool>& in_key, std::span<const std::uint32_t> cell_of);

    /// Bindings for a bulk execution whose first row is `first`.
    void bind_bulk(std::size_t first, std::vector<MYSQL_BIND>& bindings);
    /// Bindings for an INSERT of rows [first, last), row by row.
    void bind_rows(std::size_t first, std::size_t last, std::vector<MYSQL_BIND>& bindings);

    /// About how many bytes a row takes in a packet.
    [[nodiscard]] std::size_t row_bytes(std::size_t row) const { return row_bytes_[row]; }

  private:
    struct Array {
        [[nodiscard]] bool is_text() const {
            return type == MYSQL_TYPE_STRING || type == MYSQL_TYPE_BLOB;
        }

        Content content = Content::integer;  // of the column
        enum_field_types type = MYSQL_TYPE_LONGLONG;
        std::vector<std::int64_t> integers;
        std::vector<double> reals;
        std::vector<MYSQL_TIME> times;
        std::vector<void*> pointers;  // to text and times
        std::vector<unsigned long> lengths;
        std::vector<char> nulls;  // STMT_INDICATOR_NULL or STMT_INDICATOR_NONE, which are 1 and 0
        std::deque<std::array<char, 32>> numbers;  // digits of numbers that go into decimals

        void prepare(const CatalogueColumn& column, std::size_t rows);
        [[nodiscard]] std::optional<Flaw> set(
                std::size_t row, const mapping::Value& value, const CatalogueColumn& column);
        [[nodiscard]] std::optional<Flaw> set_null(std::size_t row, bool allowed);
        [[nodiscard]] std::optional<Flaw> set_decimal(
                std::size_t row, const mapping::Value& value, const CatalogueColumn& column);
        [[nodiscard]] std::optional<Flaw> set_digits(
                std::size_t row, std::string_view number, const CatalogueColumn& column);
        [[nodiscard]] std::optional<Flaw> set_text(
                std::size_t row, const mapping::Value& value, const CatalogueColumn& column);
        [[nodiscard]] std::optional<Flaw> set_bytes(
                std::size_t row, const mapping::Value& value, const CatalogueColumn& column);
        [[nodiscard]] std::optional<Flaw> set_literal(
                std::size_t row, const mapping::Value& value, const CatalogueColumn& column);
        [[nodiscard]] void* element(std::size_t row);
        void point_at(std::size_t row, std::string_view text);
    };

    std::vector<Array> arrays_;
    std::vector<std::size_t> row_bytes_;
};

}  // namespace foz::sink::mariadb
