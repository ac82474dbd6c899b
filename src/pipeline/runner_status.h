// SPDX-License-Identifier: Apache-2.0
// What a lane is doing, for whoever wants to know: written by the lane's thread, read by any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "mapping/mapping.h"
#include "pipeline/standstill.h"
#include "pipeline/standstill_record.h"
#include "sink/sink.h"

namespace foz::pipeline {

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
    std::string last_error;                // "" while all is well
    SystemTime since;                      // of the state
    sink::Cursor cursor;                   // committed in the database
    std::uint64_t batches = 0;             // transactions since start
    std::uint64_t failures = 0;            // attempts that failed since start
    std::vector<sink::LedgerLine> ledger;  // of this lane, by route of the mapping
};

/// status() and wait_until_over() on any thread, the rest on the lane's. It is also what speaks
/// for the lane in the log: a change of state, a lane that stands still (standstill.h; state.db has
/// it too), a batch that takes longer than the server allows.
class StatusBoard {
  public:
    StatusBoard(const Clock& clock, std::string database, std::string lane,
            std::span<const mapping::RouteInfo> routes, StandstillRecord record);

    [[nodiscard]] RunnerStatus status() const;

    /// Waits until the lane has finished, is blocked, or has stopped; false at `deadline`.
    [[nodiscard]] bool wait_until_over(SteadyTime deadline);

    void set_state(RunnerState state, std::string error);
    /// An attempt that began at `began` failed, and so many records of the journal wait: blocked if
    /// the error is FailureKind::blocked, else retrying.
    void add_failure(SteadyTime began, const sink::SinkError& error, std::uint64_t waiting);
    /// The server ended a write for its setting time_limit_of(error); so many rows are tried now.
    void add_time_limit(const sink::SinkError& error, std::size_t rows);
    /// What the database has: the lines of routes that no longer exist are left out.
    void set_progress(const sink::Cursor& cursor, std::span<const sink::LedgerLine> ledger);
    void add_commit(
            const sink::Cursor& cursor, const sink::Written& written, const sink::Commit& commit);

  private:
    void note_movement();

    const Clock& clock_;
    const std::string log_name_;  // "database plant (main-0)"
    // The lane's thread alone:
    Standstill standstill_;
    StandstillRecord record_;
    LogThrottle time_limits_{std::chrono::seconds(60)};

    mutable Mutex mutex_;
    ConditionVariable changed_;  // status_.state
    RunnerStatus status_ FOZ_GUARDED_BY(mutex_);
};

}  // namespace foz::pipeline
