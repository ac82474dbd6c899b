// SPDX-License-Identifier: Apache-2.0
// The column type that follows from a JSON value. Pure.
#pragma once

#include "mapping/json_document.h"
#include "mapping/value.h"

namespace foz::mapping {

/// Of a column that is made for this value, which is not null.
[[nodiscard]] ColumnType type_for(const JsonNode& node);

/// "23.5" in an integer column.
[[nodiscard]] bool needs_widening(const JsonNode& node, ColumnType type);

}  // namespace foz::mapping
