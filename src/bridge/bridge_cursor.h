// SPDX-License-Identifier: Apache-2.0
// Where in the journal a bridge stands with what it sends, across restarts: everything below is the
// other broker's.
//
// At QoS 0 and 1 the journal's cursor "bridge-NAME" is enough: it is made durable now and then, so
// after a crash (kill -9, power) it may be a little behind, and the messages after it are sent once
// more: at least once.
//
// With a QoS 2 line the state database has the position too, and with it the numbers that packet
// ids follow from. It is saved, durably, before the PUBRELs of what is below it leave. After a
// crash the messages from there on are sent again under the same packet ids, which the other broker
// recognises, as long as it keeps the session; those below are not. So each is there exactly once,
// also across kill -9, unless the bridge's topic lines, window or remote are changed in between, or
// the other broker loses what it has acknowledged.
//
// One thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "config/settings.h"
#include "journal/journal.h"
#include "session/outbox.h"
#include "state/bridge_progress.h"
#include "state/state_database.h"

namespace foz::bridge {

class BridgeCursor {
  public:
    BridgeCursor(const config::Bridge& bridge, bool exactly_once, journal::Journal& journal,
            state::StateDatabase& state);

    /// Finds the position to begin at: for a new bridge the end of what is durable. Makes `outbox`
    /// go on with the packet ids of the process before. Errors: a state database that cannot be
    /// used.
    [[nodiscard]] Result<journal::Position> start(session::Outbox& outbox);

    /// The other broker has everything below `position`, as `outbox` says. Error: it could not be
    /// noted, and no PUBREL may leave.
    [[nodiscard]] Result<void> move(journal::Position position, const session::Outbox& outbox);

    /// Whether an earlier process may have sent the message that gets this place in the outbox.
    [[nodiscard]] bool maybe_sent(std::uint64_t sequence) const { return sequence < sent_end_; }

    /// What retention goes by: "bridge-NAME".
    [[nodiscard]] static std::string name_for(const std::string& bridge);
    static constexpr std::string_view kPrefix = "bridge-";

  private:
    [[nodiscard]] Result<void> save(journal::Position position, const session::Outbox& outbox);
    [[nodiscard]] Result<journal::Position> start_new(session::Outbox& outbox);
    void restore(state::BridgeProgress progress, session::Outbox& outbox);

    const std::string bridge_;
    const std::string name_;
    const bool exactly_once_;
    const std::uint64_t window_;
    const std::string terms_;
    journal::Journal& journal_;
    state::StateDatabase& state_;
    const std::string journal_id_;
    journal::Position position_;
    std::uint64_t saved_sequence_ = 0;
    std::uint64_t sent_end_ = 0;
};

/// Lets go of what bridges have left behind that are no longer configured: the journal need not
/// wait for them. Errors: a state database that cannot be used.
[[nodiscard]] Result<void> forget_other_bridges(const std::vector<config::Bridge>& configured,
        journal::Journal& journal, state::StateDatabase& state);

}  // namespace foz::bridge
