// SPDX-License-Identifier: Apache-2.0
// foz's own two tables in the database: foz_cursor and foz_ledger.
#pragma once

#include <string>
#include <vector>

#include "sink/postgres/connection.h"
#include "sink/progress.h"

namespace foz::sink::postgres {

/// Creates the two tables if they are missing, and the lane's row in foz_cursor. In a transaction.
[[nodiscard]] SinkResult<void> create_bookkeeping(Connection& connection, const LaneName& lane);

/// Every lane of `journal`, by name; only `lane` if that is not empty. None when there are no
/// tables.
[[nodiscard]] SinkResult<std::vector<LaneState>> read_lanes(
    Connection& connection, const std::string& journal, const std::string& lane = ""
);

/// What all other journals have stored. None when there are no tables.
[[nodiscard]] SinkResult<std::vector<ForeignTotal>> read_foreign(
    Connection& connection, const std::string& journal
);

/// The statements that save what a write adds: cursor_update(), then the ledger.
[[nodiscard]] std::string progress_statements(const Progress& progress);

}  // namespace foz::sink::postgres
