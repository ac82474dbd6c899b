// SPDX-License-Identifier: Apache-2.0
// Rows in the format of `COPY ... FROM STDIN (FORMAT text)`, for tables with columns whose values
// only the server can read: dates, enumerations, addresses, arrays. Slower than copy_encoder.h,
// which checks the cells here too. One thread; throws std::bad_alloc only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mapping/conversion.h"
#include "mapping/json_document.h"
#include "mapping/row_batch.h"
#include "sink/postgres/copy_encoder.h"

namespace foz::sink::postgres {

class RowText {
  public:
    /// A number in front of a row's cells.
    static void append_number(std::uint64_t number, CopyBuffer& buffer);

    /// Appends the cells of `columns` that are not left out, and the row's end; cells that `cells`
    /// lacks are null. After an error the buffer holds a part of the row.
    [[nodiscard]] std::optional<CellError> append_row(std::span<const mapping::Value> cells,
            std::span<const TargetColumn> columns, CopyBuffer& buffer);

  private:
    /// Sets text_.
    [[nodiscard]] std::optional<Flaw> set_text(
            const mapping::Value& value, const TargetColumn& column);
    /// What a value is for a column of this encoding, checked; a view into the value or digits_.
    [[nodiscard]] std::expected<std::string_view, Flaw> scalar(
            const mapping::Value& value, const TargetColumn& column);
    /// Adds the array of value `index` of document_ to text_.
    [[nodiscard]] std::optional<Flaw> append_array(std::uint32_t index, const TargetColumn& column);
    [[nodiscard]] std::optional<Flaw> append_element(
            std::uint32_t index, const TargetColumn& column);

    std::string text_;     // of the cell at hand
    std::string digits_;   // of the value at hand
    CopyBuffer checked_;   // its binary form
    std::string payload_;  // of document_
    mapping::JsonDocument document_;
    mapping::RowBatch elements_;  // keeps their texts
    mapping::Conversion conversion_;
};

}  // namespace foz::sink::postgres
