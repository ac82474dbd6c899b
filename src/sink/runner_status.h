// SPDX-License-Identifier: Apache-2.0
// What a lane is doing, for whoever wants to know: written by the lane's thread, read by any.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mapping/mapping.h"
#include "sink/sink.h"

namespace foz::sink {

enum class RunnerState : std::uint8_t {
    connecting,  // not tried yet
    running,
    retrying,  // the last attempt failed, another follows: last_error says why
    blocked,   // a person must act: last_error says how; looked at again now and then
    finished,  // `until` was reached
    stopped,
};

[[nodiscard]] std::string_view name_of(RunnerState state);

/// A snapshot.
struct RunnerStatus {
    std::string database;
    std::string lane;
    RunnerState state = RunnerState::connecting;
    std::string last_error;          // "" while all is well
    SystemTime since;                // of the state
    Cursor cursor;                   // committed in the database
    std::uint64_t batches = 0;       // transactions since start
    std::uint64_t failures = 0;      // attempts that failed since start
    std::vector<LedgerLine> ledger;  // of this lane, by route of the mapping
};

/// Any thread.
class StatusBoard {
  public:
    StatusBoard(
        const Clock& clock,
        std::string database,
        std::string lane,
        std::span<const mapping::RouteInfo> routes
    );

    [[nodiscard]] RunnerStatus status() const;

    /// Waits until the lane has finished, is blocked, or has stopped; false at `deadline`.
    [[nodiscard]] bool wait_until_settled(SteadyTime deadline);

    /// Logs a change.
    void set_state(RunnerState state, std::string error);
    /// An attempt failed: blocked if the error is Failure::refused, else retrying.
    void add_failure(const SinkError& error);
    /// What the database has: the lines of routes that are no more are left out.
    void set_progress(const Cursor& cursor, std::span<const LedgerLine> ledger);
    void add_commit(const Cursor& cursor, const Written& written, const Commit& commit);

  private:
    const Clock& clock_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;  // status_.state
    RunnerStatus status_;              // guarded by mutex_
};

}  // namespace foz::sink
