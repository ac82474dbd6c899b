// SPDX-License-Identifier: Apache-2.0
// Saves what has become of the sessions now and then, so that the journal need not keep its records
// for the next recovery (session_recovery.h).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "journal/journal.h"
#include "session/session.h"
#include "session/session_checkpoint.h"
#include "state/state_database.h"

namespace foz::session {

/// Whoever has sessions whose records are in the journal: the broker, a source, a bridge. Called on
/// the thread that saves.
class SessionHolder {
  public:
    virtual ~SessionHolder() = default;

    /// Those that outlive their connections. What happens to a session happens to these objects
    /// before its record is appended to the journal.
    [[nodiscard]] virtual std::vector<std::shared_ptr<Session>> persistent_sessions() = 0;

    /// Waits until everything that was received before this call is appended to the journal. False:
    /// it was not by `deadline`.
    [[nodiscard]] virtual bool wait_until_appended(SteadyTime deadline) = 0;

    /// A person wants these sessions ended, as far as they are its: it begins with that. Their
    /// clients are not foz's own.
    virtual void end_sessions(std::span<const std::string> /*client_ids*/) {}
};

/// One thread at a time.
class SessionSaver {
  public:
    /// All of them must outlive it.
    SessionSaver(journal::Journal& journal, state::StateDatabase& state, const Clock& clock)
        : journal_(journal), state_(state), clock_(clock) {}

    /// One checkpoint of the sessions of all `holders`, and the journal's cursor moved up to it.
    /// Writes what is not saved yet, and nothing when neither a session nor the journal's end has
    /// changed. Blocks for some seconds at most. What goes wrong is logged, and the next call tries
    /// again.
    void save(std::span<SessionHolder* const> holders);

  private:
    journal::Journal& journal_;
    state::StateDatabase& state_;
    const Clock& clock_;
    std::optional<SessionCheckpoint> saved_;  // what state.db has; nothing: that is to be read
};

}  // namespace foz::session
