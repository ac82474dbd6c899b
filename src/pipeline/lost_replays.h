// SPDX-License-Identifier: Apache-2.0
// A database that fails over to a standby that lags, or comes back from a backup, has lost what
// dead letters became in it, too. Its own cursor of the replays shows that: the letters after it
// wait again.
#pragma once

#include <cstdint>
#include <string>

#include "sink/sink.h"
#include "state/state_database.h"

namespace foz::pipeline {

/// The lane under which dead letters are replayed (dead_replay.h).
inline constexpr const char* kDeadLane = "dead";

/// Asks `sink`, which is connected, only if letters of `database` were replayed. How many wait
/// again.
[[nodiscard]] sink::SinkResult<std::uint64_t> take_back_lost_replays(sink::Sink& sink,
        state::StateDatabase& state, const std::string& journal, const std::string& database);

}  // namespace foz::pipeline
