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
#include "session/session.h"
#include "state/state_database.h"

namespace foz::session {

struct SessionSnapshot {
    std::string client_id;
    std::uint32_t expiry_seconds = 0;
    /// QoS 2 messages that are in the journal.
    std::vector<Unreleased> unreleased;
    Session::Presence presence{};
};

struct SessionCheckpoint {
    std::uint64_t position = 0;  // the journal's records from here on are not in it
    std::vector<SessionSnapshot> sessions;
    SystemTime saved{};  // when; the epoch: not known
};

/// Replaces the checkpoint of `journal_id`, in one transaction.
[[nodiscard]] Result<void> save_sessions(
    state::StateDatabase& state,
    const std::string& journal_id,
    std::uint64_t position,
    std::span<const SessionSnapshot> sessions,
    SystemTime now = {}
);

/// nullopt: none was ever saved for this journal.
[[nodiscard]] Result<std::optional<SessionCheckpoint>> load_sessions(
    state::StateDatabase& state, const std::string& journal_id
);

// What a person wants ended, with `foz sessions end`: noted here for the foz that runs, or the
// next.

[[nodiscard]] Result<void> request_session_end(
    state::StateDatabase& state, const std::string& journal_id, const std::string& client_id
);
/// The client ids.
[[nodiscard]] Result<std::vector<std::string>> load_session_ends(
    state::StateDatabase& state, const std::string& journal_id
);
/// They were ended.
[[nodiscard]] Result<void> forget_session_ends(
    state::StateDatabase& state,
    const std::string& journal_id,
    std::span<const std::string> client_ids
);

}  // namespace foz::session
