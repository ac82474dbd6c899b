// SPDX-License-Identifier: Apache-2.0
// foz's own two tables in a database, foz_cursor and foz_ledger: making and reading them. What a
// write adds to them is in write_progress.h.
#pragma once

#include <string>
#include <vector>

#include "sink/sql_session.h"

namespace foz::sink {

/// Creates the two tables if they are missing, and the lane's row in foz_cursor. A step of the
/// set-up.
[[nodiscard]] SinkResult<void> create_bookkeeping(SqlSession& session, const LaneName& lane);

/// Every lane of `journal`, by name; only `lane`, with its row locked, if that is not empty. None
/// when there are no tables.
[[nodiscard]] SinkResult<std::vector<LaneState>> read_lanes(
        SqlSession& session, const std::string& journal, const std::string& lane = "");

/// What all other journals have stored. None when there are no tables.
[[nodiscard]] SinkResult<std::vector<ForeignTotal>> read_foreign(
        SqlSession& session, const std::string& journal);

}  // namespace foz::sink
