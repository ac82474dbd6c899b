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
#include "journal/position.h"
#include "session/session.h"
#include "state/state_database.h"

namespace foz::session {

struct SessionSnapshot {
    std::string client_id;
    std::uint32_t expiry_seconds = 0;
    /// QoS 2 messages that are in the journal.
    std::vector<Unreleased> unreleased;
    Session::Presence presence{};
    Deliveries deliveries{};

    bool operator==(const SessionSnapshot&) const = default;
};

struct SessionCheckpoint {
    journal::Position position;  // the journal's records from here on are not in it
    std::vector<SessionSnapshot> sessions;
    SystemTime saved;  // when; the epoch: not known
};

/// What has become of the sessions since a checkpoint.
struct SessionChanges {
    std::vector<SessionSnapshot> changed;  // new ones too
    std::vector<std::string> gone;         // client ids

    [[nodiscard]] bool empty() const { return changed.empty() && gone.empty(); }
};
/// Both in the order of their client ids, each of which is there once.
[[nodiscard]] SessionChanges changes_between(
        std::span<const SessionSnapshot> before, std::span<const SessionSnapshot> after);

/// Brings the checkpoint of `journal_id` up to `position`, in one transaction.
[[nodiscard]] Result<void> save_sessions(state::StateDatabase& state, const std::string& journal_id,
        journal::Position position, const SessionChanges& changes, SystemTime now = {});

/// In the order of the client ids. nullopt: none was ever saved for this journal.
[[nodiscard]] Result<std::optional<SessionCheckpoint>> load_sessions(
        state::StateDatabase& state, const std::string& journal_id);

// What a person wants ended, with `foz sessions end`: noted here for the foz that runs, or the
// next.

[[nodiscard]] Result<void> request_session_end(
        state::StateDatabase& state, const std::string& journal_id, const std::string& client_id);
/// The client ids.
[[nodiscard]] Result<std::vector<std::string>> load_session_ends(
        state::StateDatabase& state, const std::string& journal_id);
/// They were ended.
[[nodiscard]] Result<void> forget_session_ends(state::StateDatabase& state,
        const std::string& journal_id, std::span<const std::string> client_ids);

}  // namespace foz::session
