// SPDX-License-Identifier: Apache-2.0
// Messages that wait for sleeping sessions, copied out of the journal into state.db, so that the
// journal need not keep its segments for them. Any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "journal/journal.h"
#include "state/state_database.h"

namespace foz::delivery {

class SetAside {
  public:
    /// `state` must outlive it. `journal_id`: whose positions they are.
    SetAside(state::StateDatabase& state, std::string journal_id)
        : state_(state), journal_id_(std::move(journal_id)) {}

    /// Keeps the messages at `wanted`, which is sorted, and no others: copies what it does not have
    /// out of `journal`. One that the journal has no longer is left out. An error leaves what was
    /// done by then, and the next call goes on.
    [[nodiscard]] Result<void> keep(
            std::span<const journal::Position> wanted, journal::Readable& journal);
    /// The bytes of the record. Nothing: it is not here.
    [[nodiscard]] Result<std::optional<std::string>> find(journal::Position position);

  private:
    using Positions = std::vector<journal::Position>;

    [[nodiscard]] Result<void> load() FOZ_REQUIRES(mutex_);
    [[nodiscard]] Result<void> copy(const Positions& missing, journal::Readable& journal);
    [[nodiscard]] Result<void> store(
            std::span<const std::pair<journal::Position, std::string>> records);
    [[nodiscard]] Result<void> remove(const Positions& unwanted);

    state::StateDatabase& state_;
    const std::string journal_id_;
    Mutex mutex_;
    bool is_loaded_ FOZ_GUARDED_BY(mutex_) = false;  // kept_ is what state.db has
    Positions kept_ FOZ_GUARDED_BY(mutex_);          // sorted
};

}  // namespace foz::delivery
