// SPDX-License-Identifier: Apache-2.0
// Sessions across a restart. The journal's records tell what happened to them; a checkpoint in the
// state database sums up the records below a position, so that the journal may let go of those.
//
// A checkpoint may already contain what some records at and above its position did: applying those
// again leads to the same sessions, since the last record about a packet id, a filter or a session
// decides, and since a session knows which records have brought it messages
// (session::Deliveries::covered).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "delivery/retained_messages.h"
#include "delivery/subscribers.h"
#include "journal/journal.h"
#include "session/session.h"
#include "state/state_database.h"

namespace foz::delivery {

struct RecoveredSessions {
    std::vector<std::shared_ptr<session::Session>> sessions;
    Subscribers subscribers;  // those of the sessions that have subscriptions
    std::shared_ptr<RetainedMessages> retained;
    /// Messages of shared subscriptions that no member has, in order.
    struct Unassigned {
        std::string filter;  // "$share/NAME/FILTER"
        journal::Position position;
        std::uint8_t qos = 0;
    };
    std::vector<Unassigned> unassigned;
    journal::Position end;  // the records below are applied
};

/// The sessions, and the retained messages, as of the journal's end. From then on the journal keeps
/// the records that it read and those that follow, up to the next checkpoint (session_saver.h): so
/// call it before anything is received. Errors: a journal or checkpoint that cannot be read.
[[nodiscard]] Result<RecoveredSessions> recover_sessions(journal::Journal& journal,
        state::StateDatabase& state, std::uint64_t retained_bytes_max = ~std::uint64_t{0});

}  // namespace foz::delivery
