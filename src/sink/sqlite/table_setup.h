// SPDX-License-Identifier: Apache-2.0
// Making the database's tables what the routes want.
#pragma once

#include <string>
#include <vector>

#include "mapping/table.h"
#include "sink/sqlite/sqlite_session.h"

namespace foz::sink::sqlite {

/// Creates `table`, or checks it (FailureKind::blocked: it does not fit) and gives an inferred one
/// the columns that it lacks. In a transaction. Yields no columns for an inferred table that has
/// none yet.
[[nodiscard]] SinkResult<PreparedTable> prepare_table(
        SqliteSession& session, const mapping::Table& table);

/// What the owner of the table should know: a key that does not tell all readings apart, or takes
/// one twice.
[[nodiscard]] SinkResult<std::vector<std::string>> warnings_about(
        state::SqliteConnection& connection, const mapping::Table& table);

/// What prepare_table would do, as a line for a person. Changes nothing. FailureKind::blocked: it
/// does not fit.
[[nodiscard]] SinkResult<std::string> describe_table(
        state::SqliteConnection& connection, const mapping::Table& table);

}  // namespace foz::sink::sqlite
