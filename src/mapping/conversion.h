// SPDX-License-Identifier: Apache-2.0
// From what stands in a payload or a topic to a cell of a column's type. Strict: a value either
// becomes the cell without loss, or the reading is rejected with a reason. docs/mapping.md has the
// table.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "mapping/json_document.h"
#include "mapping/row_batch.h"
#include "mapping/timestamp_reader.h"
#include "mapping/value.h"

namespace foz::mapping {

/// What a column takes. One thread.
struct Conversion {
    ColumnType type = ColumnType::text;
    TimestampReader times;
    config::BytesEncoding encoding = config::BytesEncoding::text;
    bool rounds = false;  // a whole number may become the nearest double
};

/// A cell, or the reason why there is none: a predicate about the value, such as `"abc" is not a
/// number`.
using Converted = std::expected<Value, std::string>;

/// Of a JSON value that is not null. Texts are kept in `batch`.
[[nodiscard]] Converted convert_json(
        const JsonDocument& document, std::uint32_t index, Conversion& conversion, RowBatch& batch);

/// Of text that is not JSON: a capture, a topic, a bare payload. UTF-8 is the caller's to check.
/// Not for json columns.
[[nodiscard]] Converted convert_text(
        std::string_view text, Conversion& conversion, RowBatch& batch);

}  // namespace foz::mapping
