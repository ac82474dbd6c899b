// SPDX-License-Identifier: Apache-2.0
// Writes dead letters once more, with the mapping as it is now, so that a crash between the two
// databases neither loses a reading nor doubles it:
//
//   1. state.db:      the letters are marked: the k-th of replay R
//   2. the database:  some rows in a row, the cursor (R, k + 1) of lane "dead", where row k is the
//                     last one, and the ledger's dead less so many, in one transaction
//      state.db:      letters that have no row or are refused again go back to waiting, before a
//                     transaction passes them
//   3. state.db:      marked letters before the cursor are stored (state/replayed_letters.h)
//
// Whoever starts a replay first does step 3 with the cursor that the database has: that ends what a
// crash interrupted. Works while foz runs: letters that a lane has saved but not passed yet are
// left alone. One replay at a time for a data folder; the caller holds DeadReplayLock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "mapping/mapping.h"
#include "sink/sink.h"
#include "state/dead_letters.h"

namespace foz::pipeline {

/// Held while dead letters are replayed, against a second process. Released by the destructor.
class DeadReplayLock {
  public:
    /// Error: unavailable when another process replays.
    [[nodiscard]] static Result<DeadReplayLock> take(const std::filesystem::path& data);
    DeadReplayLock(DeadReplayLock&& other) noexcept;
    DeadReplayLock& operator=(DeadReplayLock&&) = delete;
    ~DeadReplayLock();

  private:
    explicit DeadReplayLock(int file) : file_(file) {}
    int file_;
};

struct DeadReplayResult {
    std::uint64_t stored = 0;
    std::uint64_t duplicate = 0;
    std::uint64_t dead = 0;  // refused again: they wait as before, with the new reason
};

/// The waiting letters that fit `filter`, whose journal and database must be set. Errors: what the
/// database said; letters not reached are as they were.
[[nodiscard]] Result<DeadReplayResult> replay_dead_letters(state::StateDatabase& state,
        sink::Sink& sink, mapping::Mapping& mapping, const state::LetterFilter& filter);

}  // namespace foz::pipeline
