// SPDX-License-Identifier: Apache-2.0
// From a column as it is configured to one that makes cells. Pure.
#pragma once

#include <string>

#include "base/error.h"
#include "config/settings.h"
#include "mapping/declared_route.h"
#include "mapping/field_plan.h"
#include "mapping/row_batch.h"
#include "mapping/topic_pattern.h"

namespace foz::mapping {

/// "foz.toml:14: ", or nothing for a default.
[[nodiscard]] std::string prefix_of(const config::Place& place);

/// Adds the column's field to `fields`, and the text of its constant or default to `constants`,
/// which must live as long as the column. Errors: invalid, with file and line.
[[nodiscard]] Result<CompiledColumn> compile_column(const config::Column& column,
        const TopicPattern& topic, FieldPlan& fields, RowBatch& constants);

}  // namespace foz::mapping
