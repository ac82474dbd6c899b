// SPDX-License-Identifier: Apache-2.0
// Dead letters whose reading was stored by a replay. They are kept for as long as the journal keeps
// what every database has, because a database can lose what it had committed: it fails over to a
// standby that lags, or comes back from a backup. Its cursors are older then, that of the replays
// too, and the letters after it wait again. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "state/sqlite_connection.h"
#include "state/state_database.h"

namespace foz::state {

/// Moves the marked letters of `database` before (number, index) to those that are stored. In a
/// transaction of the caller's.
[[nodiscard]] SqliteResult<void> keep_replayed(SqliteConnection& connection,
        const std::string& journal, const std::string& database,
        std::pair<std::uint64_t, std::uint32_t> cursor);

/// Makes letters wait again that were stored at or after (number, index), which is where the
/// database says that replays have come to. How many there were.
[[nodiscard]] Result<std::uint64_t> return_lost_replays(StateDatabase& state,
        const std::string& journal, const std::string& database,
        std::pair<std::uint64_t, std::uint32_t> cursor);

[[nodiscard]] Result<bool> has_replayed(
        StateDatabase& state, const std::string& journal, const std::string& database);

/// Forgets those that were stored before that time.
[[nodiscard]] Result<void> forget_replayed_before(StateDatabase& state, SystemTime time);

}  // namespace foz::state
