// SPDX-License-Identifier: Apache-2.0
// Whose sessions are saved now and then, and what becomes of foz's own.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "session/session.h"

namespace foz::session {

/// The name of the journal cursor that keeps the records that the next recovery needs.
inline constexpr std::string_view kSessionCursor = "sessions";

/// Whoever has sessions whose records are in the journal: the broker, a source, a bridge. Called on
/// the thread that saves.
class SessionHolder {
  public:
    virtual ~SessionHolder() = default;

    /// Those that outlive their connections. What happens to a session happens to these objects
    /// before its record is appended to the journal, or, to its subscriptions and deliveries, when
    /// the record is read back.
    [[nodiscard]] virtual std::vector<std::shared_ptr<Session>> persistent_sessions() = 0;

    /// Waits until everything that was received before this call is appended to the journal. False:
    /// it was not by `deadline`.
    [[nodiscard]] virtual bool wait_until_appended(SteadyTime deadline) = 0;

    /// Whatever records below this do to its sessions, they have done.
    [[nodiscard]] virtual journal::Position applied() { return journal::Position::beyond_all(); }

    /// A person wants these sessions ended, as far as they are its: it begins with that. Their
    /// clients are not foz's own.
    virtual void end_sessions(std::span<const std::string> /*client_ids*/) {}
};

/// That of `client_id` among the recovered ones, or a new one that never expires: for foz as a
/// client of another broker.
[[nodiscard]] inline std::shared_ptr<Session> session_of(
        const std::string& client_id, std::span<const std::shared_ptr<Session>> recovered) {
    const auto found = std::ranges::find(
            recovered, client_id, [](const auto& session) { return session->client_id(); });
    return found != recovered.end() ? *found : std::make_shared<Session>(client_id, kNeverExpires);
}

}  // namespace foz::session
