// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/batch_write.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sink/postgres/dialect.h"
#include "sink/postgres/replaced_rows.h"
#include "sink/postgres/row_probe.h"
#include "sink/postgres/sqlstate.h"
#include "sink/postgres/staged_rows.h"
#include "sink/write_progress.h"

namespace foz::sink::postgres {
namespace {

constexpr std::string_view kStaging = "pg_temp.foz_staging";
constexpr std::string_view kStagingName = "foz_staging";
constexpr std::string_view kStagingColumns = "\"foz staging row\", \"foz staging route\"";
constexpr std::size_t kPieceBytes = 64 << 10;

std::string_view format_of(const TablePlan& plan) {
    return plan.needs_text ? "text" : "binary";
}

}  // namespace

SinkResult<Written> BatchWrite::run(bool probe) {
    const auto plans = plans_with_rows();
    const bool direct = std::ranges::all_of(plans, [&](const TablePlan* plan) {
        return plan->found.takes_copy && !replaces(*plan->table, lane_.name);
    });
    auto done = direct ? write_directly() : write_by_staging();
    if (!done && direct && done.error().code == kUniqueViolation) {
        connection_.roll_back();
        done = write_by_staging();
    }
    if (done && commit_.before_commit) {
        done = commit_.before_commit();
    }
    if (done) {
        done = connection_.commit();
    }
    if (!done) {
        const bool refused = done.error().failure == FailureKind::refused && !all_named_;
        if (refused && (probe || done.error().rows.empty())) {
            name_refused_rows(done.error());
        }
        return pass_on(done);
    }
    return std::move(written_);
}

// What cannot be found out stays as it is: the runner splits the rows then.
void BatchWrite::name_refused_rows(SinkError& error) {
    const mapping::Table* const at_hand = table_;
    connection_.roll_back();
    std::vector<RefusedRow> refused;
    bool all = connection_.run(connection_.begin()).has_value();
    for (TablePlan* plan : plans_with_rows()) {
        all = all && probe(*plan, refused);
    }
    connection_.roll_back();
    table_ = at_hand;
    if (all && !refused.empty()) {
        std::ranges::sort(refused, {}, &RefusedRow::row);
        error.rows = std::move(refused);
    }
}

bool BatchWrite::probe(TablePlan& plan, std::vector<RefusedRow>& refused) {
    const auto query = probe_query(plan, kStaging);
    if (!query || !stage(plan)) {
        return false;
    }
    const auto answer = connection_.run(*query);
    const auto found = answer ? refused_rows_in(*answer, plan, lane_.rows) : std::nullopt;
    if (!found || !connection_.run("DROP TABLE pg_temp.foz_staging, pg_temp.foz_refused")) {
        return false;
    }
    refused.insert(refused.end(), found->begin(), found->end());
    return true;
}

std::vector<TablePlan*> BatchWrite::plans_with_rows() const {
    std::vector<TablePlan*> plans;
    for (TablePlan& plan : lane_.plans) {
        if (!plan.rows.empty()) {
            plans.push_back(&plan);
        }
    }
    for (TablePlan& plan : lane_.more_plans) {
        plans.push_back(&plan);
    }
    return plans;
}

// Everything but COMMIT in one message, so that a write takes three round trips however many tables
// it has.
SinkResult<void> BatchWrite::write_directly() {
    written_ = lane_.rows.all_stored();
    std::string sql = connection_.begin();
    const auto plans = plans_with_rows();
    for (const TablePlan* plan : plans) {
        sql += fmt::format("; COPY {} ({}) FROM STDIN (FORMAT {})", quoted_table(plan->table->name),
                plan->column_list, format_of(*plan));
    }
    sql += "; " + closing_statements();
    return run_statements(sql, plans, false);
}

// For batches with duplicates: COPY knows no ON CONFLICT, so the rows go through a temporary table.
SinkResult<void> BatchWrite::write_by_staging() {
    written_ = lane_.rows.none_written();
    if (auto begun = connection_.run(connection_.begin()); !begun) {
        return pass_on(begun);
    }
    for (TablePlan* plan : plans_with_rows()) {
        table_ = plan->table;
        if (auto staged = stage(*plan); !staged) {
            return staged;
        }
        if (auto inserted = insert_staged(*plan); !inserted) {
            return inserted;
        }
    }
    table_ = nullptr;
    if (!refused_.empty()) {
        all_named_ = true;
        return std::unexpected(refusal_of(std::move(refused_)));
    }
    return run_statements(closing_statements(), {}, false);
}

SinkResult<void> BatchWrite::stage(TablePlan& plan) {
    const std::string sql = fmt::format(
            "CREATE TEMP TABLE foz_staging ON COMMIT DROP AS SELECT 0::int4 AS \"foz staging "
            "row\", 0::int4 AS \"foz staging route\", {1} FROM {2} WITH NO DATA; COPY {0} ({3}, "
            "{1}) FROM STDIN (FORMAT {4})",
            kStaging, plan.column_list, quoted_table(plan.table->name), kStagingColumns,
            format_of(plan));
    TablePlan* plans[] = {&plan};
    return run_statements(sql, plans, true);
}

SinkResult<void> BatchWrite::insert_staged(const TablePlan& plan) {
    if (plan.table->key.empty()) {
        return insert_staged_without_key(plan);
    }
    if (replaces(*plan.table, lane_.name)) {
        return replace_by_staged(plan);
    }
    auto inserted = connection_.run(insert_query(plan, kStaging));
    if (!inserted) {
        return pass_on(inserted);
    }
    auto compared = connection_.run(compare_query(plan, kStaging));
    if (!compared) {
        return pass_on(compared);
    }
    const StagedRows staged(plan, lane_.rows, *inserted, *compared);
    if (staged.key_was_changed()) {
        // One row at a time there is no doubt which.
        return fail(FailureKind::refused, "a trigger of table {} changes the route's key",
                plan.table->name);
    }
    staged.count(written_);
    staged.add_refused(refused_);
    if (auto dropped = connection_.run("DROP TABLE " + std::string(kStaging)); !dropped) {
        return pass_on(dropped);
    }
    return {};
}

SinkResult<void> BatchWrite::replace_by_staged(const TablePlan& plan) {
    if (const std::string lock = replace_lock(plan); !lock.empty()) {
        if (auto locked = connection_.run(lock); !locked) {
            return pass_on(locked);
        }
    }
    auto replaced = connection_.run(replace_query(plan, kStaging));
    if (!replaced) {
        return pass_on(replaced);
    }
    auto counted = count_replaced(plan, lane_.rows, *replaced, written_, refused_);
    if (!counted) {
        return counted;
    }
    if (auto dropped = connection_.run("DROP TABLE " + std::string(kStaging)); !dropped) {
        return pass_on(dropped);
    }
    return {};
}

SinkResult<void> BatchWrite::insert_staged_without_key(const TablePlan& plan) {
    auto inserted = connection_.run(
            fmt::format("INSERT INTO {0} ({1}) SELECT {1} FROM {2} ORDER BY \"foz staging row\"",
                    quoted_table(plan.table->name), plan.column_list, kStaging));
    if (!inserted) {
        return pass_on(inserted);
    }
    if (PQcmdTuples(inserted->get()) != std::to_string(plan.rows.size())) {
        RefusedRow row = kept_out(lane_.rows.number_in_write(plan.rows.front()), *plan.table);
        SinkError error{FailureKind::refused, std::move(row.code), std::move(row.message), {}, {}};
        if (plan.rows.size() == 1) {
            error.row = row.row;
        }
        return std::unexpected(std::move(error));
    }
    for (const std::uint32_t row : plan.rows) {
        ++written_.stored[lane_.rows.route_of(row)];
    }
    if (auto dropped = connection_.run("DROP TABLE " + std::string(kStaging)); !dropped) {
        return pass_on(dropped);
    }
    return {};
}

std::string BatchWrite::closing_statements() const {
    const WriteProgress progress{
        lane_.name,
        lane_.cursor,
        lane_.cursor_writer,
        commit_.cursor,
        commit_.fingerprint,
        lane_.rows.routes(),
        written_,
        commit_.dead,
    };
    return lane_.shape_query + "; " + progress_statements(progress, own_tables_sql());
}

// Runs statements among which is one COPY for each of `plans`, in that order.
SinkResult<void> BatchWrite::run_statements(
        const std::string& sql, std::span<TablePlan* const> plans, bool staging) {
    if (auto sent = connection_.send(sql); !sent) {
        return sent;
    }
    std::size_t next = 0;
    const TablePlan* copied = nullptr;
    while (true) {
        // The next COPY may have to wait for a lock before it asks for rows.
        table_ = copied != nullptr     ? copied->table
                 : next < plans.size() ? plans[next]->table
                                       : nullptr;
        auto result = connection_.next_result();
        if (!result) {
            return std::unexpected(blamed(std::move(result.error()), copied, staging));
        }
        if (!*result) {
            return {};
        }
        if (PQresultStatus(result->get()) == PGRES_COPY_IN) {
            copied = plans[next++];
            if (auto streamed = stream(*copied, staging); !streamed) {
                return streamed;
            }
            continue;
        }
        if (auto good = check_result(*result, copied); !good) {
            return good;
        }
        copied = nullptr;
    }
}

// With the row to blame, if the error came out of the COPY into `copied`.
SinkError BatchWrite::blamed(SinkError error, const TablePlan* copied, bool staging) const {
    if (copied == nullptr) {
        if (error.failure == FailureKind::refused) {
            error.failure = FailureKind::retry;  // no reading is to blame for foz's own tables
        }
        return error;
    }
    const auto line = line_in_context(
            connection_.error_context(), staging ? kStagingName : copied->name_without_schema());
    if (line && *line <= copied->rows.size()) {
        error.row = lane_.rows.number_in_write(copied->rows[*line - 1]);
        if (error.failure == FailureKind::refused) {
            error.rows = {{*error.row, error.code, error.message}};
        }
    }
    return error;
}

SinkResult<void> BatchWrite::check_result(
        const QueryResult& result, const TablePlan* copied) const {
    const std::string_view command = PQcmdStatus(result.get());
    if (command.starts_with("COPY ") && command.substr(5) != std::to_string(copied->rows.size())) {
        return fail(FailureKind::refused, "a trigger of table {} keeps this reading out of it",
                copied->table->name);
    }
    if (command == "UPDATE 0") {
        return cursor_was_moved(lane_.name);
    }
    if (PQresultStatus(result.get()) == PGRES_TUPLES_OK && field(result, 0, 0) != lane_.shape) {
        return fail(FailureKind::schema, "a table was changed while foz was writing");
    }
    return {};
}

SinkResult<void> BatchWrite::stream(const TablePlan& plan, bool staging) {
    CopyBuffer& buffer = lane_.buffer;
    buffer.clear();
    if (!plan.needs_text) {
        append_header(buffer);
    }
    for (std::size_t i = 0; i < plan.rows.size(); ++i) {
        if (const auto wrong = append_row(plan, i, staging)) {
            return std::unexpected(refusal(plan, i, *wrong));
        }
        if (buffer.size() >= kPieceBytes) {
            if (!connection_.put(buffer.view())) {
                return std::unexpected(connection_.loss());
            }
            buffer.clear();
        }
    }
    if (!plan.needs_text) {
        append_trailer(buffer);
    }
    if (!connection_.put(buffer.view()) || !connection_.put_end()) {
        return std::unexpected(connection_.loss());
    }
    return {};
}

std::optional<CellError> BatchWrite::append_row(
        const TablePlan& plan, std::size_t i, bool staging) {
    const mapping::RowBatch& batch = lane_.rows.batch();
    const mapping::Row& row = batch.rows()[plan.rows[i]];
    CopyBuffer& buffer = lane_.buffer;
    if (plan.needs_text) {
        if (staging) {
            RowText::append_number(i, buffer);
            RowText::append_number(row.route, buffer);
        }
        return lane_.texts.append_row(batch.cells(row), plan.columns, buffer);
    }
    append_field_count(plan.fields + (staging ? 2 : 0), buffer);
    if (staging) {
        append_int4(static_cast<std::int32_t>(i), buffer);
        append_int4(static_cast<std::int32_t>(row.route), buffer);
    }
    return append_cells(batch.cells(row), plan.columns, buffer);
}

// Of the row, and of all after it in the table that foz itself can tell.
SinkError BatchWrite::refusal(const TablePlan& plan, std::size_t row, const CellError& wrong) {
    std::vector<RefusedRow> refused = {refused_cell(plan, row, wrong)};
    for (std::size_t i = row + 1; i < plan.rows.size(); ++i) {
        lane_.buffer.clear();
        if (const auto flaw = append_row(plan, i, false)) {
            refused.push_back(refused_cell(plan, i, *flaw));
        }
    }
    all_named_ = true;
    std::ranges::sort(refused, {}, &RefusedRow::row);
    return refusal_of(std::move(refused));
}

RefusedRow BatchWrite::refused_cell(
        const TablePlan& plan, std::size_t row, const CellError& wrong) const {
    const TargetColumn& column = plan.columns[wrong.column];
    return {lane_.rows.number_in_write(plan.rows[row]), std::string(wrong.flaw.sqlstate),
        fmt::format("column {} of table {} is {}: {}", column.name, plan.table->name, column.type,
                wrong.flaw.reason)};
}

}  // namespace foz::sink::postgres
