// SPDX-License-Identifier: Apache-2.0
// foz's own two tables in the database: foz_cursor and foz_ledger.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sink/postgres/connection.h"

namespace foz::sink::postgres {

/// Creates the two tables if they are missing, and the lane's row in foz_cursor. In a transaction.
[[nodiscard]] SinkResult<void> create_bookkeeping(Connection& connection, const LaneName& lane);

/// Every lane of `journal`, by name; only `lane` if that is not empty. None when there are no
/// tables.
[[nodiscard]] SinkResult<std::vector<LaneState>> read_lanes(
    Connection& connection, const std::string& journal, const std::string& lane = ""
);

/// What one write adds to the books.
struct Progress {
    Cursor from;  // what foz_cursor must hold, or another foz writes this lane
    Cursor to;
    std::span<const std::string> routes;
    Written written;
    std::span<const std::int64_t> dead;
};

/// The statements: an UPDATE that changes one row, or none when the lane is not where `from` says;
/// then the ledger.
[[nodiscard]] std::string progress_statements(const LaneName& lane, const Progress& progress);

}  // namespace foz::sink::postgres
