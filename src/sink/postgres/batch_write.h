// SPDX-License-Identifier: Apache-2.0
// One write under way: rows, cursor and ledger in one transaction. By COPY straight into the
// tables; when a row turns out to be a duplicate, again by way of a temporary table. One thread.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "sink/postgres/connection.h"
#include "sink/postgres/copy_encoder.h"
#include "sink/postgres/row_text.h"
#include "sink/postgres/table_plan.h"
#include "sink/table_rows.h"

namespace foz::sink::postgres {

/// A lane as a connection has prepared it. Nothing of it is in the server's session, which may be
/// another one for each transaction, behind a pooler.
struct OpenLane {
    LaneName name;
    Cursor cursor;  // what foz_cursor holds
    std::string cursor_writer;
    TableRows rows;
    std::vector<TablePlan> plans;      // by table of the mapping
    std::deque<TablePlan> more_plans;  // of the write at hand: see take_rows
    std::string shape_query;
    std::string shape;  // what it yields while the tables are what they were
    CopyBuffer buffer;
    RowText texts;
};

class BatchWrite {
  public:
    /// Of the rows that lane.rows has taken, and lane.plans too. All of them must outlive it.
    BatchWrite(Connection& connection, OpenLane& lane, const Commit& commit)
        : connection_(connection), lane_(lane), commit_(commit) {}

    /// Up to and with COMMIT. When rows are refused, all of them are named if `probe` asks for it,
    /// or the server names none; that takes about as long as the write. After an error a
    /// transaction may be open. Call once.
    [[nodiscard]] SinkResult<Written> run(bool probe);

    /// Whose statement was under way when run() failed; nullptr: none's.
    [[nodiscard]] const mapping::Table* table() const { return table_; }

  private:
    [[nodiscard]] SinkResult<void> write_directly();
    [[nodiscard]] SinkResult<void> write_by_staging();
    [[nodiscard]] SinkResult<void> stage(TablePlan& plan);
    [[nodiscard]] SinkResult<void> insert_staged(const TablePlan& plan);
    [[nodiscard]] SinkResult<void> replace_by_staged(const TablePlan& plan);
    [[nodiscard]] SinkResult<void> insert_staged_without_key(const TablePlan& plan);
    [[nodiscard]] SinkResult<void> run_statements(
            const std::string& sql, std::span<TablePlan* const> plans, bool staging);
    [[nodiscard]] SinkError blamed(SinkError error, const TablePlan* copied, bool staging) const;
    [[nodiscard]] SinkResult<void> check_result(
            const QueryResult& result, const TablePlan* copied) const;
    [[nodiscard]] SinkResult<void> stream(const TablePlan& plan, bool staging);
    /// Row number `i` of the plan's.
    [[nodiscard]] std::optional<CellError> append_row(
            const TablePlan& plan, std::size_t i, bool staging);
    [[nodiscard]] SinkError refusal(const TablePlan& plan, std::size_t row, const CellError& wrong);
    [[nodiscard]] RefusedRow refused_cell(
            const TablePlan& plan, std::size_t row, const CellError& wrong) const;
    void name_refused_rows(SinkError& error);
    [[nodiscard]] bool probe(TablePlan& plan, std::vector<RefusedRow>& refused);
    [[nodiscard]] std::string closing_statements() const;
    [[nodiscard]] std::vector<TablePlan*> plans_with_rows() const;

    Connection& connection_;
    OpenLane& lane_;
    const Commit& commit_;
    Written written_;
    const mapping::Table* table_ = nullptr;
    bool all_named_ = false;           // of the rows that are refused
    std::vector<RefusedRow> refused_;  // by staging: nothing is committed then
};

}  // namespace foz::sink::postgres
