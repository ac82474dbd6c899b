// SPDX-License-Identifier: Apache-2.0
// The one runner: carries the readings of one lane from the journal into one database, on a thread
// of its own. Batching, retry, splitting, dead letters, the cursor: all of it is here and in the
// files it uses, once for all kinds of database (sink.h).
//
// Under load the next batch is mapped on a second thread while the present one is written.
//
// It connects (for ever, with backoff), reads the lane's cursor back from the database, maps
// messages from there on into a batch, and writes the batch with its new cursor in one transaction.
// Whatever fails, nothing is skipped:
//   retry                  the same batch again, later
//   reconnect, in doubt    connect, read the cursor back, go on from it
//   schema                 the same; connect() looks at the tables again
//   blocked                connect again, later; the log says what a person has to do
//   refused                the refused rows are left out or, if they are not named, the batch is
//                          split until they stand alone (batch_writer.h)
// A lane that has failed for a minute says so, again and again (standstill.h).
//
// A table that cannot be written holds back no other: the lane sets it aside, in a side lane, until
// it is mended (side_lanes.h).
//
// An inferred table that the database refuses to change holds back no other reading: those that
// need the change become dead letters, and now and then the next such reading asks again.
//
// When records are missing that the database still needed (its cursor is older than the journal's
// first record: it was restored from a backup, or is new), waiting would save nothing. The lane
// goes on at the first record there is; the gap is logged as an error, kept in state.db, and `foz
// verify` fails until a person accepts it. A cursor beyond the journal's end, or one that another
// foz with the same journal id has moved (cursor_owner.h), stops the lane (State::blocked): new
// readings would be taken for ones already stored.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "journal/journal.h"
#include "mapping/mapping.h"
#include "pipeline/batch_filler.h"
#include "pipeline/batch_writer.h"
#include "pipeline/journal_hold.h"
#include "pipeline/lane_claim.h"
#include "pipeline/lane_tables.h"
#include "pipeline/runner_dependencies.h"
#include "pipeline/runner_status.h"
#include "pipeline/side_lanes.h"
#include "pipeline/table_blame.h"
#include "sink/sink.h"
#include "state/state_database.h"

namespace foz::pipeline {

class Runner {
  public:
    Runner(RunnerDependencies dependencies, RunnerOptions options);
    ~Runner();  // stops at once

    /// Starts the thread. Call once.
    void start();

    /// Asks the lane to write what the journal holds and end. It ends earlier at `deadline`, also
    /// when the database does not answer then, and at the first failure: the journal keeps what is
    /// not written. Returns at once.
    void request_stop(SteadyTime deadline);
    /// Waits for the thread to end.
    void join();
    /// Both.
    void stop(SteadyTime deadline);

    /// Any thread.
    [[nodiscard]] RunnerStatus status() const { return board_.status(); }

    /// Any thread: of the lanes that write the tables set aside.
    [[nodiscard]] std::vector<RunnerStatus> side_status() const { return sides_.status(); }

    /// Any thread, of a side lane: it may come up to `position`. In a `hurry` it commits its cursor
    /// as soon as it is there.
    void raise_cap(journal::Position position, bool hurry);

    /// For `until`: waits until the lane has finished, is blocked, or has ended; false at
    /// `deadline`.
    [[nodiscard]] bool wait_until_over(SteadyTime deadline) {
        return board_.wait_until_over(deadline);
    }

  private:
    void run();
    /// One round: connect if need be, fill, write. An error means: wait, then again.
    [[nodiscard]] sink::SinkResult<void> advance();
    [[nodiscard]] sink::SinkResult<void> connect();
    [[nodiscard]] sink::SinkResult<bool> connect_with_share();
    [[nodiscard]] sink::SinkResult<void> set_misfits_aside(const sink::Connected& found);
    [[nodiscard]] bool set_aside(SteadyTime began, const sink::SinkError& error);
    [[nodiscard]] bool is_at_cap() const { return batch_.end >= cap_; }
    [[nodiscard]] sink::SinkResult<void> take_up(const LaneClaim::Start& start, bool map_again);
    [[nodiscard]] sink::SinkResult<void> map_from_cursor();
    [[nodiscard]] sink::SinkResult<void> fill();
    [[nodiscard]] bool batch_is_due() const;
    [[nodiscard]] bool wait_for_more();
    [[nodiscard]] sink::SinkResult<void> wait_for_records();
    [[nodiscard]] sink::SinkResult<void> write();
    [[nodiscard]] sink::SinkResult<void> write_and_map_ahead();
    [[nodiscard]] bool cursor_commit_is_due() const;
    [[nodiscard]] bool at_end() const;
    [[nodiscard]] bool must_end() const;
    void note_commit(
            const sink::Cursor& cursor, const sink::Written& written, const sink::Commit& commit);
    void report_committed();
    void note_failure(SteadyTime began, const sink::SinkError& error);
    void pause();

    RunnerDependencies dependencies_;
    const RunnerOptions options_;
    const std::string journal_id_;
    StatusBoard board_;

    std::atomic<journal::Position> cap_;  // set under mutex_, for those who wait

    // The lane's thread alone:
    JournalHold hold_;
    BatchWriter writer_;
    LaneClaim claim_;
    Backoff backoff_;
    bool connected_ = false;
    sink::Cursor cursor_;              // committed in the database
    std::uint64_t before_cursor_ = 0;  // the fingerprint of the record before it; 0: not known
    BatchFiller filler_;
    LaneTables tables_;
    MappedBatch batch_;  // the one to be written
    MappedBatch next_;  // what follows it, mapped while it was written; empty unless batch_ is full
    bool maps_ahead_ = true;  // false when mapping changes tables that the sink looks at
    SteadyTime last_commit_;
    journal::Position reported_;  // as done, to sides_

    SideLanes sides_;
    TableBlame blame_;

    std::atomic<bool> hurry_ = false;     // set under mutex_, as the next
    std::atomic<bool> stopping_ = false;  // set under mutex_, for those who wait
    std::atomic<SteadyTime::rep> stop_deadline_ = 0;
    Mutex mutex_;
    ConditionVariable stop_requested_;

    std::thread thread_;
};

}  // namespace foz::pipeline
