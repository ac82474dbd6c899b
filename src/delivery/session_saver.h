// SPDX-License-Identifier: Apache-2.0
// Saves what has become of the sessions now and then, so that the journal need not keep its records
// for the next recovery (session_recovery.h), nor the messages that wait for sleeping sessions
// (set_aside.h).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "delivery/retained_messages.h"
#include "delivery/set_aside.h"
#include "journal/journal.h"
#include "session/session_checkpoint.h"
#include "session/session_holder.h"
#include "state/state_database.h"

namespace foz::delivery {

/// One thread at a time.
class SessionSaver {
  public:
    /// All of them must outlive it.
    /// `retained` may be null: there are none.
    SessionSaver(journal::Journal& journal, state::StateDatabase& state, SetAside& set_aside,
            const Clock& clock, std::shared_ptr<const RetainedMessages> retained = nullptr)
        : journal_(journal),
          state_(state),
          set_aside_(set_aside),
          clock_(clock),
          retained_(std::move(retained)) {}

    /// One checkpoint of the sessions of all `holders`, and the journal's cursor moved up to it.
    /// Writes what is not saved yet, and nothing when neither a session nor the journal's end has
    /// changed. Blocks for some seconds at most. What goes wrong is logged, and the next call tries
    /// again.
    void save(std::span<session::SessionHolder* const> holders);

  private:
    [[nodiscard]] Result<void> load(const std::string& journal_id);
    [[nodiscard]] Result<void> save_places(
            const std::string& journal_id, std::vector<RetainedMessages::Place> places);
    void let_go_below(journal::Position position, journal::Position before);

    journal::Journal& journal_;
    state::StateDatabase& state_;
    SetAside& set_aside_;
    const Clock& clock_;
    std::shared_ptr<const RetainedMessages> retained_;
    bool is_loaded_ = false;  // what follows is what state.db has; else that is to be read
    session::SessionCheckpoint saved_;
    std::vector<RetainedMessages::Place> saved_places_;
    std::uint64_t saved_version_ = 0;  // of them
};

}  // namespace foz::delivery
