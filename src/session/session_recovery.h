// SPDX-License-Identifier: Apache-2.0
// Sessions across a restart. The journal's records tell what happened to them; a checkpoint in the
// state database sums up the records below a position, so that the journal may let go of those.
//
// A checkpoint may already contain what some records at and above its position did: applying those
// again leads to the same sessions, since the last record about a packet id or a session decides.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "journal/journal.h"
#include "session/session.h"
#include "state/state_database.h"

namespace foz::session {

/// The name of the journal cursor that keeps the records that the next recovery needs.
inline constexpr std::string_view kSessionCursor = "sessions";

/// The sessions as of the journal's end. From then on the journal keeps the records that it read
/// and those that follow, up to the next checkpoint (session_saver.h): so call it before anything
/// is received. Errors: a journal or checkpoint that cannot be read.
[[nodiscard]] Result<std::vector<std::shared_ptr<Session>>> recover_sessions(
        journal::Journal& journal, state::StateDatabase& state);

/// That of `client_id` among the recovered ones, or a new one that never expires: for foz as a
/// client of another broker.
[[nodiscard]] std::shared_ptr<Session> session_of(
        const std::string& client_id, std::span<const std::shared_ptr<Session>> recovered);

}  // namespace foz::session
