// SPDX-License-Identifier: Apache-2.0
// What the broker must remember across a restart of its persistent sessions, as of one position of
// the journal: the session records after that position say what happened since. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "state/session.h"
#include "state/state_database.h"

namespace foz::state {

struct SessionSnapshot {
    std::string client_id;
    std::uint32_t expiry_seconds = 0;
    /// QoS 2 messages that are in the journal.
    std::vector<Unreleased> unreleased;
};

struct SessionCheckpoint {
    std::uint64_t position = 0;  // the journal's records from here on are not in it
    std::vector<SessionSnapshot> sessions;
};

/// Replaces the checkpoint of `journal_id`, in one transaction.
[[nodiscard]] Result<void> save_sessions(
    StateDatabase& state,
    const std::string& journal_id,
    std::uint64_t position,
    std::span<const SessionSnapshot> sessions
);

/// nullopt: none was ever saved for this journal.
[[nodiscard]] Result<std::optional<SessionCheckpoint>> load_sessions(
    StateDatabase& state, const std::string& journal_id
);

}  // namespace foz::state
