// SPDX-License-Identifier: Apache-2.0
// Which of the rows in the staging table does the server refuse? It says so of one row for each
// statement; asked from here, each would cost a round trip and all the rows before it. So code that
// runs in the server tries them one by one. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sink/postgres/connection.h"
#include "sink/postgres/table_plan.h"
#include "sink/table_rows.h"

namespace foz::sink::postgres {

/// Inserts the staged rows one by one and goes on after those that fail; then yields of these the
/// number, SQLSTATE ("": a trigger kept it out) and message. Leaves out the ones whose key is
/// there, which are not to blame by that. In a transaction, which is to be rolled back. Nothing
/// when the table's names cannot stand in such code.
[[nodiscard]] std::optional<std::string> probe_query(
        const TablePlan& plan, std::string_view staging);

/// What the answer says. Nothing when a row failed for another reason than itself: then it says
/// nothing about the others.
[[nodiscard]] std::optional<std::vector<RefusedRow>> refused_rows_in(
        const QueryResult& answer, const TablePlan& plan, const TableRows& rows);

}  // namespace foz::sink::postgres
