// SPDX-License-Identifier: Apache-2.0
// One write under way: rows, cursor and ledger in one transaction. By INSERTs of many rows; when
// one of them turns out to be a duplicate, again by INSERTs that say how many were. One thread.
#pragma once

#include <deque>
#include <vector>

#include "sink/mariadb/connection.h"
#include "sink/mariadb/row_inserter.h"
#include "sink/mariadb/table_plan.h"
#include "sink/table_rows.h"

namespace foz::sink::mariadb {

/// A lane as a connection has prepared it.
struct OpenLane {
    LaneName name;
    Cursor cursor;  // what foz_cursor holds
    std::string cursor_writer;
    TableRows rows;
    std::vector<TablePlan> plans;      // by table of the mapping
    std::deque<TablePlan> more_plans;  // of the write at hand: see take_rows

    /// Those that have rows.
    [[nodiscard]] std::vector<TablePlan*> plans_with_rows();
};

class BatchWrite {
  public:
    /// Of the rows that lane.rows has taken, and lane.plans too. All of them must outlive it.
    BatchWrite(Connection& connection, RowInserter& inserter, OpenLane& lane, const Commit& commit)
        : connection_(connection), inserter_(inserter), lane_(lane), commit_(commit) {}

    /// Up to and with COMMIT. After an error a transaction may be open. Call once.
    [[nodiscard]] SinkResult<Written> run();

    /// Whose statement was under way when run() failed; nullptr: none's.
    [[nodiscard]] const mapping::Table* table() const { return table_; }

  private:
    [[nodiscard]] SinkResult<void> write_directly();
    [[nodiscard]] SinkResult<void> write_with_duplicates();
    [[nodiscard]] SinkResult<void> write_plan(TablePlan& plan);
    [[nodiscard]] SinkResult<bool> insert_plainly(TablePlan& plan);
    [[nodiscard]] SinkResult<bool> insert_runs(TablePlan& plan);
    [[nodiscard]] SinkResult<void> replace_runs(TablePlan& plan);
    [[nodiscard]] SinkResult<void> insert_each(TablePlan& plan);
    [[nodiscard]] SinkResult<bool> insert_alone(
            TablePlan& plan, const InsertShape& otherwise, std::size_t row);
    [[nodiscard]] SinkResult<std::string> conflicts();
    [[nodiscard]] SinkResult<std::uint64_t> insert(
            TablePlan& plan, const InsertShape& shape, std::size_t first, std::size_t last);
    [[nodiscard]] SinkResult<void> close_books();
    void name_refused_rows(SinkError& error);
    [[nodiscard]] bool probe_each(
            TablePlan& plan, std::size_t first, std::size_t last, std::vector<RefusedRow>& refused);

    Connection& connection_;
    RowInserter& inserter_;
    OpenLane& lane_;
    const Commit& commit_;
    Written written_;
    bool untried_ = false;  // nobody knows whether a row is a duplicate
    const mapping::Table* table_ = nullptr;
    std::vector<RefusedRow> refused_;  // whose keys are taken: nothing is committed then
    bool in_books_ = false;            // the rows are written; an error is no row's
};

}  // namespace foz::sink::mariadb
