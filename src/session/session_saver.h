// SPDX-License-Identifier: Apache-2.0
// Saves all sessions now and then, so that the journal need not keep its records for the next
// recovery (session_recovery.h).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "journal/journal.h"
#include "session/session.h"
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

/// One checkpoint of the sessions of all `holders`, and the journal's cursor moved up to it. Any
/// one thread; blocks for some seconds at most. What goes wrong is logged, and the next call tries
/// again.
void checkpoint_sessions(
    journal::Journal& journal,
    state::StateDatabase& state,
    const Clock& clock,
    std::span<SessionHolder* const> holders
);

}  // namespace foz::session
