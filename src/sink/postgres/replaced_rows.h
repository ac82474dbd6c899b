// SPDX-License-Identifier: Apache-2.0
// The rows of a table in which the last reading of a key takes the place of the one before, by way
// of the staging table. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sink/postgres/connection.h"
#include "sink/postgres/table_plan.h"
#include "sink/sink.h"
#include "sink/table_rows.h"

namespace foz::sink::postgres {

/// Stores the last staged row of each key, in the place of the one that is there. Yields for each
/// staged row: its number, whether it is the last of its key, whether that was stored, whether the
/// key is new, and how many rows were stored in all.
[[nodiscard]] std::string replace_query(const TablePlan& plan, std::string_view staging);

/// To be run before: keeps others from the keys in between, where the server cannot tell a new row
/// from a replaced one. "": not needed.
[[nodiscard]] std::string replace_lock(const TablePlan& plan);

/// Counts what `replaced`, the answer to replace_query(), says, and adds the rows that a trigger
/// keeps out to `refused`. FailureKind::refused: a trigger changes the key, so that nobody can tell
/// which row of several became what.
[[nodiscard]] SinkResult<void> count_replaced(const TablePlan& plan, const TableRows& rows,
        const QueryResult& replaced, Written& written, std::vector<RefusedRow>& refused);

}  // namespace foz::sink::postgres
