// SPDX-License-Identifier: Apache-2.0
// Tables of one lane fail apart. When a table cannot be written (it does not fit, is locked,
// denied, broken), its main lane sets it aside: a side lane, which is a runner of its own with a
// connection of its own, writes that table's rows from there on, and waits for the table; the main
// lane leaves them out and goes on. When the table is mended and the side lane has come to where
// the main lane is, the main lane takes the table back.
//
// Nothing is lost or doubled, and a table's order is kept, because who writes a row depends on its
// table and position alone: state.db has the spans of the journal that are a side lane's
// (state/side_spans.h), and
//   open    the span is saved before the main lane commits anything that leaves its rows out. It
//           begins at the main lane's cursor in the database.
//   cap     a side lane never passes its main lane's cursor.
//   merge   the span is ended at the main lane's cursor, when the database says that the side
//           lane's is the same, and before the main lane writes anything more.
//   back    a database that was restored takes both cursors back, to one moment. Where the main
//           lane's has come to lie in a span that has ended, the span is opened again; one that
//           begins behind it is dropped.
// Each lane's rows and cursor are one transaction, as ever. Retention waits for each lane's cursor.
//
// A side lane is called MAIN/TABLE. There are at most kSideLanesMax for a lane; the tables beyond
// share one more, and wait for each other.
//
// The main lane's thread, unless it says otherwise.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "pipeline/runner_dependencies.h"
#include "pipeline/runner_status.h"

namespace foz::pipeline {

inline constexpr std::size_t kSideLanesMax = 8;

class Runner;

/// "main-0/readings", in at most as many bytes as the databases keep.
[[nodiscard]] std::string side_lane_name(const std::string& main, const std::string& table);

class SideLanes {
  public:
    /// `dependencies` and `options` are the main lane's, and outlive it.
    SideLanes(RunnerDependencies& dependencies, const RunnerOptions& options);
    ~SideLanes();
    SideLanes(const SideLanes&) = delete;
    SideLanes& operator=(const SideLanes&) = delete;

    /// Starts the side lanes that state.db knows of. The first call that succeeds does.
    [[nodiscard]] Result<void> load();

    /// What is left for the main lane. Also sets Table::elsewhere in its mapping.
    [[nodiscard]] RowShare share_of_main();

    /// Has a side lane write table number `table` from `from` on, which is the main lane's cursor
    /// in the database. The table is not taken back before the main lane has passed `proof`: the
    /// side lane has written then what failed. False: it has to wait in the main lane.
    [[nodiscard]] Result<bool> set_aside(std::size_t table, sink::Cursor from,
            journal::Position proof, const std::string& reason);

    /// The database has the main lane's cursor at `cursor`. True: the shares have changed.
    [[nodiscard]] Result<bool> main_found_at(sink::Cursor cursor);

    /// Takes tables back whose side lane is where the main lane is, at `cursor`; waits a moment for
    /// one that is near. `sink` is the main lane's, connected. True: the shares have changed.
    [[nodiscard]] sink::SinkResult<bool> merge(sink::Cursor cursor, sink::Sink& sink);

    /// The main lane has committed `cursor`.
    void follow(sink::Cursor cursor);
    /// Everything below `position` is in the database or none of the main lane's business.
    void report_main(journal::Position position);

    /// Lets them write what they may until `deadline`, and waits for their end.
    void stop(SteadyTime deadline);

    /// Any thread.
    [[nodiscard]] std::vector<RunnerStatus> status() const;

  private:
    struct Side;
    using Position = journal::Position;

    [[nodiscard]] Result<void> start_side(const std::string& name, Position proof);
    // Waits for the side lane's thread, which takes mutex_ to report.
    void end_side(const std::string& name) FOZ_EXCLUDES(mutex_);
    [[nodiscard]] Side* find(const std::string& name);
    [[nodiscard]] std::string name_for(const std::string& table);
    [[nodiscard]] Result<void> save(const state::SideSpan& span);
    [[nodiscard]] bool is_ready(const Side& side, sink::Cursor cursor) const;
    [[nodiscard]] bool is_near(const Side& side, sink::Cursor cursor) const;
    void wait_for_near(sink::Cursor cursor);
    [[nodiscard]] Result<void> take_back(const std::string& name, Position position);
    void report() FOZ_REQUIRES(mutex_);

    RunnerDependencies& dependencies_;
    const RunnerOptions& options_;
    const std::string journal_id_;
    bool loaded_ = false;
    std::vector<state::SideSpan> spans_;  // of this lane, ended ones too
    Position cap_;
    SteadyTime next_look_;

    mutable Mutex mutex_;
    ConditionVariable moved_;  // a side lane
    // Changed by the main lane's thread only, and under mutex_: that thread reads it without the
    // lock, any other with it. The analysis has no word for this.
    std::vector<std::unique_ptr<Side>> sides_;
    Position main_done_ FOZ_GUARDED_BY(mutex_);
    Position told_ FOZ_GUARDED_BY(mutex_);  // to on_committed
};

}  // namespace foz::pipeline
