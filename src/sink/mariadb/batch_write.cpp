// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/batch_write.h"

#include <algorithm>
#include <utility>

#include "sink/mariadb/dialect.h"
#include "sink/mariadb/error_number.h"
#include "sink/write_progress.h"

namespace foz::sink::mariadb {
namespace {

constexpr std::size_t kProbedTogether = 64;

bool is_duplicate(const SinkError& error) {
    return error.code == std::to_string(kDuplicateEntry);
}

// "Duplicate entry '1' for key 'PRIMARY'"; MySQL writes 't.PRIMARY'.
bool is_duplicate_in(const SinkError& error, const UniqueIndex* key) {
    return key != nullptr && is_duplicate(error) &&
           (error.message.ends_with(" for key '" + key->name + "'") ||
                   error.message.ends_with("." + key->name + "'"));
}

}  // namespace

std::vector<TablePlan*> OpenLane::plans_with_rows() {
    std::vector<TablePlan*> with_rows;
    const auto add = [&](TablePlan& plan) {
        if (!plan.rows.empty()) {
            with_rows.push_back(&plan);
        }
    };
    std::ranges::for_each(plans, add);
    std::ranges::for_each(more_plans, add);
    return with_rows;
}

SinkResult<Written> BatchWrite::run() {
    untried_ = std::ranges::any_of(lane_.plans_with_rows(),
            [&](const TablePlan* plan) { return replaces(*plan->table, lane_.name); });
    auto done = untried_ ? write_with_duplicates() : write_directly();
    if (!done && !untried_ && is_duplicate(done.error())) {
        connection_.roll_back();
        done = write_with_duplicates();
    }
    if (done) {
        done = close_books();
    }
    if (done) {
        done = connection_.commit();
    }
    if (!done) {
        if (done.error().failure == FailureKind::refused && done.error().rows.empty() &&
                !in_books_) {
            name_refused_rows(done.error());
        }
        return pass_on(done);
    }
    return std::move(written_);
}

SinkResult<void> BatchWrite::write_directly() {
    written_ = lane_.rows.all_stored();
    for (TablePlan* plan : lane_.plans_with_rows()) {
        table_ = plan->table;
        if (auto inserted = insert(*plan, plan->insert, 0, plan->rows.size()); !inserted) {
            return pass_on(inserted);
        }
    }
    return {};
}

SinkResult<void> BatchWrite::write_with_duplicates() {
    written_ = lane_.rows.none_written();
    for (TablePlan* plan : lane_.plans_with_rows()) {
        if (auto stored = write_plan(*plan); !stored) {
            return stored;
        }
    }
    if (!refused_.empty()) {
        return std::unexpected(refusal_of(std::move(refused_)));
    }
    return {};
}

SinkResult<void> BatchWrite::write_plan(TablePlan& plan) {
    table_ = plan.table;
    const bool replacing = replaces(*plan.table, lane_.name);
    if (untried_ && !replacing) {
        auto all_new = insert_plainly(plan);
        if (!all_new || *all_new) {
            return all_new ? SinkResult<void>{} : pass_on(all_new);
        }
    }
    // ON DUPLICATE KEY UPDATE would take a clash in any unique index for a duplicate.
    bool alone = plan.table->key.empty() || has_other_unique(*plan.table, plan.found);
    if (!alone && replacing) {
        return replace_runs(plan);
    }
    if (!alone) {
        auto all_same = insert_runs(plan);
        if (!all_same) {
            return pass_on(all_same);
        }
        alone = !*all_same;
    }
    return alone ? insert_each(plan) : SinkResult<void>{};
}

// False: one is a duplicate, and nothing is inserted or counted.
SinkResult<bool> BatchWrite::insert_plainly(TablePlan& plan) {
    if (auto begun = connection_.run("SAVEPOINT foz_plain"); !begun) {
        return pass_on(begun);
    }
    auto inserted = insert(plan, plan.insert, 0, plan.rows.size());
    if (inserted) {
        for (const std::uint32_t row : plan.rows) {
            ++written_.stored[lane_.rows.route_of(row)];
        }
        return true;
    }
    if (!is_duplicate(inserted.error())) {
        return pass_on(inserted);
    }
    if (auto undone = connection_.run("ROLLBACK TO SAVEPOINT foz_plain"); !undone) {
        return pass_on(undone);
    }
    return false;
}

// As insert_runs(), in the rows' order, so that the last of a key is what stays.
SinkResult<void> BatchWrite::replace_runs(TablePlan& plan) {
    const InsertShape shape = plan.insert_replacing();
    std::size_t first = 0;
    while (first < plan.rows.size()) {
        const std::uint32_t route = lane_.rows.route_of(plan.rows[first]);
        std::size_t last = first + 1;
        while (last < plan.rows.size() && lane_.rows.route_of(plan.rows[last]) == route) {
            ++last;
        }
        if (auto begun = connection_.run("SET @foz_replaced = 0"); !begun) {
            return pass_on(begun);
        }
        auto inserted = insert(plan, shape, first, last);
        if (!inserted) {
            return pass_on(inserted);
        }
        auto answer = connection_.run("SELECT @foz_replaced");
        if (!answer) {
            return pass_on(answer);
        }
        const std::uint64_t replaced = std::stoull(answer->front().rows.at(0).at(0).value_or("0"));
        written_.duplicate[route] += replaced;
        written_.stored[route] += last - first - replaced;
        first = last;
    }
    return {};
}

// One statement for the rows of one route that stand together, so that the count is that route's.
// False: a key is taken by another reading; then nothing is inserted or counted.
SinkResult<bool> BatchWrite::insert_runs(TablePlan& plan) {
    const InsertShape shape = plan.insert_comparing_duplicates();
    const Written before = written_;
    if (auto begun = connection_.run("SAVEPOINT foz_runs; SET @foz_conflicts = ''"); !begun) {
        return pass_on(begun);
    }
    std::size_t first = 0;
    while (first < plan.rows.size()) {
        const std::uint32_t route = lane_.rows.route_of(plan.rows[first]);
        std::size_t last = first + 1;
        while (last < plan.rows.size() && lane_.rows.route_of(plan.rows[last]) == route) {
            ++last;
        }
        auto inserted = insert(plan, shape, first, last);
        if (!inserted) {
            return pass_on(inserted);
        }
        written_.stored[route] += *inserted;
        written_.duplicate[route] += last - first - *inserted;
        first = last;
    }
    auto found = conflicts();
    if (!found) {
        return pass_on(found);
    }
    if (found->empty()) {
        return true;
    }
    written_ = before;
    if (auto undone = connection_.run("ROLLBACK TO SAVEPOINT foz_runs"); !undone) {
        return pass_on(undone);
    }
    return false;
}

SinkResult<std::string> BatchWrite::conflicts() {
    // NULL is what CONCAT makes of more than max_allowed_packet.
    auto answers =
            connection_.run("SELECT IFNULL(@foz_conflicts, 'more'); SET @foz_conflicts = ''");
    if (!answers) {
        return pass_on(answers);
    }
    return answers->front().rows.at(0).at(0).value_or("");
}

SinkResult<void> BatchWrite::insert_each(TablePlan& plan) {
    const bool replacing = replaces(*plan.table, lane_.name);
    InsertShape otherwise;
    if (!plan.table->key.empty()) {
        otherwise = replacing ? plan.insert_replacing() : plan.insert_comparing_duplicates();
    }
    for (std::size_t i = 0; i < plan.rows.size(); ++i) {
        auto stored = insert_alone(plan, otherwise, i);
        if (!stored) {
            if (stored.error().failure == FailureKind::refused) {
                stored.error().row = lane_.rows.number_in_write(plan.rows[i]);
            }
            return pass_on(stored);
        }
        const std::uint32_t row = plan.rows[i];
        if (*stored) {
            ++written_.stored[lane_.rows.route_of(row)];
            continue;
        }
        if (replacing) {
            ++written_.duplicate[lane_.rows.route_of(row)];
            continue;
        }
        auto found = conflicts();
        if (!found) {
            return pass_on(found);
        }
        if (found->empty()) {
            ++written_.duplicate[lane_.rows.route_of(row)];
            continue;
        }
        const mapping::RowBatch& batch = lane_.rows.batch();
        refused_.push_back(key_conflict(lane_.rows.number_in_write(row), *plan.table,
                batch.cells(batch.rows()[row]), differences_in(*found)));
    }
    return {};
}

// False: the row's key was there, and `otherwise` was done; conflicts() tells the rest.
SinkResult<bool> BatchWrite::insert_alone(
        TablePlan& plan, const InsertShape& otherwise, std::size_t row) {
    auto inserted = insert(plan, plan.insert, row, row + 1);
    if (inserted) {
        return true;
    }
    const UniqueIndex* key = plan.table->key.empty() ? nullptr : key_index(*plan.table, plan.found);
    if (!is_duplicate_in(inserted.error(), key)) {
        return pass_on(inserted);
    }
    if (auto reset = connection_.run("SET @foz_conflicts = '', @foz_replaced = 0"); !reset) {
        return pass_on(reset);
    }
    auto compared = insert(plan, otherwise, row, row + 1);
    if (!compared) {
        return pass_on(compared);
    }
    return false;
}

// The server names the row of some errors only. What is written here to find out is rolled back
// with the rest.
void BatchWrite::name_refused_rows(SinkError& error) {
    connection_.roll_back();
    for (TablePlan* each : lane_.plans_with_rows()) {
        TablePlan& plan = *each;
        for (std::size_t first = 0; first < plan.rows.size(); first += kProbedTogether) {
            const std::size_t last = std::min(first + kProbedTogether, plan.rows.size());
            if (!connection_.run("SAVEPOINT foz_probe")) {
                return;
            }
            if (insert(plan, plan.insert, first, last)) {
                continue;
            }
            if (!connection_.run("ROLLBACK TO SAVEPOINT foz_probe") ||
                    !probe_each(plan, first, last, error.rows)) {
                return;
            }
        }
    }
    std::ranges::sort(error.rows, {}, &RefusedRow::row);
}

// False: the server does not answer as it did, and what is known so far has to do.
bool BatchWrite::probe_each(
        TablePlan& plan, std::size_t first, std::size_t last, std::vector<RefusedRow>& refused) {
    for (std::size_t i = first; i < last; ++i) {
        auto inserted = insert(plan, plan.insert, i, i + 1);
        if (inserted || is_duplicate(inserted.error())) {
            continue;
        }
        SinkError& error = inserted.error();
        if (error.failure != FailureKind::refused) {
            return false;
        }
        refused.push_back({lane_.rows.number_in_write(plan.rows[i]), std::move(error.code),
            std::move(error.message)});
    }
    return true;
}

// Inserts rows [first, last) of the plan's.
SinkResult<std::uint64_t> BatchWrite::insert(
        TablePlan& plan, const InsertShape& shape, std::size_t first, std::size_t last) {
    auto inserted = inserter_.insert(shape, plan.arrays, first, last);
    if (!inserted) {
        if (std::optional<std::size_t>& row = inserted.error().row; row) {
            row = lane_.rows.number_in_write(plan.rows[*row]);
        }
    }
    return inserted;
}

// The end of the transaction, in one message: were the tables what they seemed to be, and the
// books.
SinkResult<void> BatchWrite::close_books() {
    in_books_ = true;
    table_ = nullptr;
    std::string sql;
    std::vector<const TablePlan*> checked;
    for (const TablePlan& plan : lane_.plans) {
        if (!plan.rows.empty()) {
            sql += shape_query(*plan.table) + "; ";
            checked.push_back(&plan);
        }
    }
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
    auto answers = connection_.run(sql + progress_statements(progress, own_tables_sql()));
    if (!answers) {
        if (answers.error().failure == FailureKind::refused) {
            answers.error().failure =
                    FailureKind::retry;  // no reading is to blame for foz's own tables
        }
        return pass_on(answers);
    }
    for (std::size_t i = 0; i < checked.size(); ++i) {
        if ((*answers)[i].shape != checked[i]->shape) {
            return fail(FailureKind::schema, "table {} was changed while foz was writing",
                    checked[i]->table->name);
        }
    }
    if ((*answers)[checked.size()].matched != 1) {
        return cursor_was_moved(lane_.name);
    }
    for (std::size_t i = 0; i < answers->size(); ++i) {
        if (!(*answers)[i].in_transaction) {
            return Connection::transaction_is_gone();
        }
    }
    return commit_.before_commit ? commit_.before_commit() : SinkResult<void>{};
}

}  // namespace foz::sink::mariadb
