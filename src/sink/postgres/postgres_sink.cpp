// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/postgres_sink.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "mapping/key_order.h"
#include "sink/postgres/bookkeeping.h"
#include "sink/postgres/catalogue.h"
#include "sink/postgres/connection.h"
#include "sink/postgres/copy_encoder.h"
#include "sink/postgres/dialect.h"
#include "sink/postgres/sqlstate.h"
#include "sink/postgres/table_setup.h"

namespace foz::sink::postgres {
namespace {

// Read committed, whatever the database's default is: the guards at the end of a write must see
// what others have committed since it began.
constexpr std::string_view kBegin = "BEGIN ISOLATION LEVEL READ COMMITTED";
// One foz at a time creates tables: CREATE TABLE IF NOT EXISTS is not safe against itself. The
// number is "foz".
constexpr std::string_view kSetupLock = "SELECT pg_catalog.pg_advisory_xact_lock(6713210)";
constexpr std::string_view kStaging = "pg_temp.foz_staging";
constexpr std::string_view kStagingColumns = "\"foz staging row\", \"foz staging route\"";
constexpr std::size_t kPieceBytes = 64 << 10;

template <class T>
std::unexpected<SinkError> pass_error(SinkResult<T>& failed) {
    return std::unexpected(std::move(failed.error()));
}

std::unexpected<SinkError> failure(Failure kind, std::string message) {
    return std::unexpected(SinkError{kind, "", std::move(message), std::nullopt});
}

// How the rows of one table are written.
struct TablePlan {
    const mapping::Table* table = nullptr;
    CatalogueTable found;
    std::vector<TargetColumn> columns;
    std::uint32_t version = 0;  // of the table, when `columns` was made
    std::string column_list;
    std::vector<std::uint32_t> rows;  // of the batch at hand, in its order

    [[nodiscard]] bool is_current() const {
        return version == table->version && columns.size() == table->columns.size();
    }
    [[nodiscard]] bool make_current();
    [[nodiscard]] std::string_view name_without_schema() const {
        const std::string_view name = table->name;
        return name.substr(name.find('.') + 1);
    }
};

bool TablePlan::make_current() {
    auto made = targets(*table, found);
    if (!made) {
        return false;
    }
    columns = std::move(*made);
    version = table->version;
    std::vector<std::string> names;
    for (const TargetColumn& column : columns) {
        names.push_back(column.name);
    }
    column_list = quoted_list(names);
    return true;
}

class PostgresSink final : public Sink {
  public:
    explicit PostgresSink(SinkOptions options) : options_(std::move(options)) {}

    SinkResult<Connected> connect(const LaneName& lane, const mapping::Mapping& mapping) override;
    SinkResult<std::vector<std::string>> inspect(const mapping::Mapping& mapping) override;
    SinkResult<void> extend(const mapping::Table& table) override;
    SinkResult<Written> write(
        const mapping::RowBatch& batch, std::size_t first, std::size_t last, const Commit& commit
    ) override;
    SinkResult<Audit> audit(
        const std::string& journal, std::span<const std::unique_ptr<mapping::Table>> tables
    ) override;
    void close() override { connection_.reset(); }

  private:
    // The write under way.
    struct Work {
        const mapping::RowBatch& batch;
        std::size_t first = 0;
        std::size_t last = 0;
        const Commit& commit;
        Written written;
    };

    [[nodiscard]] SinkResult<Connected> set_up(const mapping::Mapping& mapping);
    [[nodiscard]] SinkResult<void> remember_shape(bool again);
    [[nodiscard]] bool shape_has_changed();
    [[nodiscard]] SinkResult<void> distribute(const Work& work);
    [[nodiscard]] SinkResult<void> write_directly(Work& work);
    [[nodiscard]] SinkResult<void> write_by_staging(Work& work);
    [[nodiscard]] SinkResult<void> stage(TablePlan& plan, Work& work);
    [[nodiscard]] SinkResult<void> insert_staged(const TablePlan& plan, Work& work);
    [[nodiscard]] SinkResult<void> run_statements(
        const std::string& sql, std::span<TablePlan*> plans, const Work& work, bool staging
    );
    [[nodiscard]] SinkResult<void> check_result(const QueryResult& result, const TablePlan* copied)
        const;
    [[nodiscard]] SinkResult<void> stream(const TablePlan& plan, const Work& work, bool staging);
    [[nodiscard]] SinkResult<void> commit_transaction();
    [[nodiscard]] std::string closing_statements(const Work& work) const;
    [[nodiscard]] std::vector<TablePlan*> plans_with_rows();

    const SinkOptions options_;
    std::optional<Connection> connection_;
    LaneName lane_;
    Cursor cursor_;  // what foz_cursor holds
    std::vector<std::string> routes_;
    std::vector<std::uint32_t> plan_of_route_;
    std::vector<TablePlan> plans_;
    std::string shape_query_;
    std::string shape_;
    CopyBuffer buffer_;
};

SinkResult<Connected> PostgresSink::connect(const LaneName& lane, const mapping::Mapping& mapping) {
    close();
    lane_ = lane;
    auto opened = Connection::open(options_);
    if (!opened) {
        return pass_error(opened);
    }
    connection_ = std::move(*opened);
    auto connected = set_up(mapping);
    if (!connected) {
        // Only a table that does not fit needs a person; it has no SQLSTATE, because foz found it.
        if (!connected.error().code.empty()) {
            connected.error().failure = Failure::retry;
        }
        close();
    }
    return connected;
}

SinkResult<Connected> PostgresSink::set_up(const mapping::Mapping& mapping) {
    auto begun = connection_->run(fmt::format("{}; {}", kBegin, kSetupLock));
    if (!begun) {
        return pass_error(begun);
    }
    if (auto created = create_bookkeeping(*connection_, lane_); !created) {
        return pass_error(created);
    }
    Connected connected;
    plans_.clear();
    for (const auto& table : mapping.tables()) {
        auto found = settle_table(*connection_, *table);
        if (!found) {
            return pass_error(found);
        }
        connected.columns.push_back(known_columns(*found));
        TablePlan& plan = plans_.emplace_back();
        plan.table = table.get();
        plan.found = std::move(*found);
    }
    routes_.clear();
    plan_of_route_.clear();
    for (const mapping::RouteInfo& route : mapping.routes()) {
        const auto plan = std::ranges::find(plans_, route.table, &TablePlan::table);
        routes_.push_back(route.name);
        plan_of_route_.push_back(static_cast<std::uint32_t>(plan - plans_.begin()));
    }
    shape_query_ = shape_query(mapping.tables());
    if (auto remembered = remember_shape(false); !remembered) {
        return pass_error(remembered);
    }
    auto lanes = read_lanes(*connection_, lane_.journal, lane_.lane);
    if (!lanes) {
        return pass_error(lanes);
    }
    if (lanes->empty()) {
        return failure(Failure::retry, "foz_cursor lost the row of its lane");
    }
    cursor_ = connected.cursor = lanes->front().cursor;
    connected.ledger = std::move(lanes->front().ledger);
    if (auto committed = connection_->run("COMMIT"); !committed) {
        return pass_error(committed);
    }
    return connected;
}

SinkResult<void> PostgresSink::remember_shape(bool again) {
    auto shape = connection_->run(fmt::format(
        "{}PREPARE foz_shape AS {}; EXECUTE foz_shape",
        again ? "DEALLOCATE foz_shape; " : "",
        shape_query_
    ));
    if (!shape) {
        return pass_error(shape);
    }
    shape_ = field(*shape, 0, 0);
    return {};
}

SinkResult<std::vector<std::string>> PostgresSink::inspect(const mapping::Mapping& mapping) {
    auto connection = Connection::open(options_);
    if (!connection) {
        return pass_error(connection);
    }
    std::vector<std::string> lines;
    for (const auto& table : mapping.tables()) {
        auto line = describe_table(*connection, *table);
        if (!line) {
            return pass_error(line);
        }
        lines.push_back(std::move(*line));
    }
    return lines;
}

SinkResult<void> PostgresSink::extend(const mapping::Table& table) {
    if (!connection_) {
        return failure(Failure::reconnect, "not connected to PostgreSQL");
    }
    const auto plan = std::ranges::find(plans_, &table, &TablePlan::table);
    FOZ_CHECK(plan != plans_.end());
    const auto change = [&]() -> SinkResult<void> {
        auto begun = connection_->run(fmt::format("{}; {}", kBegin, kSetupLock));
        if (!begun) {
            return pass_error(begun);
        }
        auto found = settle_table(*connection_, table);
        if (!found) {
            return pass_error(found);
        }
        if (auto remembered = remember_shape(true); !remembered) {
            return remembered;
        }
        if (auto committed = connection_->run("COMMIT"); !committed) {
            return pass_error(committed);
        }
        plan->found = std::move(*found);
        plan->columns.clear();
        return {};
    };
    auto changed = change();
    if (!changed) {
        connection_->roll_back();
    }
    return changed;
}

SinkResult<Written> PostgresSink::write(
    const mapping::RowBatch& batch, std::size_t first, std::size_t last, const Commit& commit
) {
    if (!connection_) {
        return failure(Failure::reconnect, "not connected to PostgreSQL");
    }
    Work work{batch, first, last, commit, {}};
    if (auto ready = distribute(work); !ready) {
        return pass_error(ready);
    }
    auto done = write_directly(work);
    if (!done && done.error().code == kUniqueViolation) {
        connection_->roll_back();
        done = write_by_staging(work);
    }
    if (done) {
        done = commit_transaction();
    }
    if (!done) {
        connection_->roll_back();
        if (done.error().failure == Failure::refused && shape_has_changed()) {
            return failure(Failure::schema, "a table was changed while foz was writing");
        }
        return pass_error(done);
    }
    cursor_ = commit.cursor;
    return std::move(work.written);
}

// Bytes meant for another type look like bad data to the server: no reading is to blame for that.
bool PostgresSink::shape_has_changed() {
    const auto shape = connection_->run("EXECUTE foz_shape");
    return shape && field(*shape, 0, 0) != shape_;
}

// Sorts the rows by table, and brings the plans of those tables up to date.
SinkResult<void> PostgresSink::distribute(const Work& work) {
    for (TablePlan& plan : plans_) {
        plan.rows.clear();
    }
    const auto rows = work.batch.rows();
    for (std::size_t i = work.first; i < work.last; ++i) {
        plans_[plan_of_route_[rows[i].route]].rows.push_back(static_cast<std::uint32_t>(i));
    }
    for (TablePlan& plan : plans_) {
        mapping::sort_by_key(work.batch, *plan.table, plan.rows);
    }
    for (TablePlan* plan : plans_with_rows()) {
        if (!plan->is_current() && !plan->make_current()) {
            return failure(
                Failure::schema,
                fmt::format("table {} lacks columns that it should have", plan->table->name)
            );
        }
    }
    return {};
}

std::vector<TablePlan*> PostgresSink::plans_with_rows() {
    std::vector<TablePlan*> plans;
    for (TablePlan& plan : plans_) {
        if (!plan.rows.empty()) {
            plans.push_back(&plan);
        }
    }
    return plans;
}

// Everything but COMMIT in one message, so that a write takes three round trips however many tables
// it has.
SinkResult<void> PostgresSink::write_directly(Work& work) {
    work.written.stored.assign(routes_.size(), 0);
    work.written.duplicate.assign(routes_.size(), 0);
    const auto rows = work.batch.rows();
    for (std::size_t i = work.first; i < work.last; ++i) {
        ++work.written.stored[rows[i].route];
    }
    std::string sql(kBegin);
    auto plans = plans_with_rows();
    for (const TablePlan* plan : plans) {
        sql += fmt::format(
            "; COPY {} ({}) FROM STDIN (FORMAT binary)",
            quoted_table(plan->table->name),
            plan->column_list
        );
    }
    sql += "; " + closing_statements(work);
    return run_statements(sql, plans, work, false);
}

// For batches with duplicates: COPY knows no ON CONFLICT, so the rows go through a temporary table.
SinkResult<void> PostgresSink::write_by_staging(Work& work) {
    work.written.stored.assign(routes_.size(), 0);
    work.written.duplicate.assign(routes_.size(), 0);
    if (auto begun = connection_->run(std::string(kBegin)); !begun) {
        return pass_error(begun);
    }
    for (TablePlan* plan : plans_with_rows()) {
        if (auto staged = stage(*plan, work); !staged) {
            return staged;
        }
        if (auto inserted = insert_staged(*plan, work); !inserted) {
            return inserted;
        }
    }
    return run_statements(closing_statements(work), {}, work, false);
}

SinkResult<void> PostgresSink::stage(TablePlan& plan, Work& work) {
    const std::string sql = fmt::format(
        "CREATE TEMP TABLE foz_staging ON COMMIT DROP AS SELECT 0::int4 AS \"foz staging row\", "
        "0::int4 AS \"foz staging route\", {1} FROM {2} WITH NO DATA; "
        "COPY {0} ({3}, {1}) FROM STDIN (FORMAT binary)",
        kStaging,
        plan.column_list,
        quoted_table(plan.table->name),
        kStagingColumns
    );
    TablePlan* plans[] = {&plan};
    return run_statements(sql, plans, work, true);
}

SinkResult<void> PostgresSink::insert_staged(const TablePlan& plan, Work& work) {
    const auto rows = work.batch.rows();
    for (const std::uint32_t row : plan.rows) {
        ++work.written.duplicate[rows[row].route];  // until it turns out to be stored
    }
    const std::string insert = fmt::format(
        "INSERT INTO {0} ({1}) SELECT {1} FROM {2} ORDER BY \"foz staging row\"",
        quoted_table(plan.table->name),
        plan.column_list,
        kStaging
    );
    std::string sql;
    if (plan.table->key.empty()) {
        sql = fmt::format(
            "WITH inserted AS ({} RETURNING 1) SELECT \"foz staging route\", count(*) FROM {} "
            "GROUP BY 1",
            insert,
            kStaging
        );
    } else {
        // Of the rows with one key, the first in the batch is the one that was inserted, if any
        // was.
        sql = fmt::format(
            "WITH inserted AS ({0} ON CONFLICT ({1}) DO NOTHING RETURNING {1}), candidate AS "
            "(SELECT DISTINCT ON "
            "({1}) \"foz staging route\", {1} FROM {2} ORDER BY {1}, \"foz staging row\") "
            "SELECT \"foz staging route\", count(*) FROM candidate JOIN inserted USING ({1}) GROUP "
            "BY 1",
            insert,
            quoted_list(plan.table->key),
            kStaging
        );
    }
    auto counted = connection_->run(sql);
    if (!counted) {
        return pass_error(counted);
    }
    for (int row = 0; row < PQntuples(counted->get()); ++row) {
        const auto route = static_cast<std::size_t>(number(*counted, row, 0));
        const auto stored = static_cast<std::uint64_t>(number(*counted, row, 1));
        work.written.stored[route] += stored;
        work.written.duplicate[route] -= stored;
    }
    if (auto dropped = connection_->run("DROP TABLE " + std::string(kStaging)); !dropped) {
        return pass_error(dropped);
    }
    return {};
}

std::string PostgresSink::closing_statements(const Work& work) const {
    const Progress progress{cursor_, work.commit.cursor, routes_, work.written, work.commit.dead};
    return "EXECUTE foz_shape; " + progress_statements(lane_, progress);
}

// Runs statements among which is one COPY for each of `plans`, in that order.
SinkResult<void> PostgresSink::run_statements(
    const std::string& sql, std::span<TablePlan*> plans, const Work& work, bool staging
) {
    if (auto sent = connection_->send(sql); !sent) {
        return sent;
    }
    std::size_t next = 0;
    const TablePlan* copied = nullptr;
    while (true) {
        auto result = connection_->next_result();
        if (!result) {
            const auto line =
                copied != nullptr
                    ? line_in_context(connection_->error_context(), copied->name_without_schema())
                    : std::nullopt;
            if (line && *line <= copied->rows.size()) {
                result.error().row = copied->rows[*line - 1] - work.first;
            }
            if (copied == nullptr && result.error().failure == Failure::refused) {
                result.error().failure =
                    Failure::retry;  // no reading is to blame for foz's own tables
            }
            return pass_error(result);
        }
        if (!*result) {
            return {};
        }
        if (PQresultStatus(result->get()) == PGRES_COPY_IN) {
            copied = plans[next++];
            if (auto streamed = stream(*copied, work, staging); !streamed) {
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

SinkResult<void> PostgresSink::check_result(const QueryResult& result, const TablePlan* copied)
    const {
    const std::string_view command = PQcmdStatus(result.get());
    if (command.starts_with("COPY ") && command.substr(5) != std::to_string(copied->rows.size())) {
        return failure(
            Failure::retry,
            fmt::format(
                "table {} took only {} of {} rows: a trigger keeps readings out of it",
                copied->table->name,
                command.substr(5),
                copied->rows.size()
            )
        );
    }
    if (command == "UPDATE 0") {
        return failure(
            Failure::reconnect,
            fmt::format(
                "another foz has moved the cursor of lane {} of journal {}; only one may run on a "
                "journal",
                lane_.lane,
                lane_.journal
            )
        );
    }
    if (PQresultStatus(result.get()) == PGRES_TUPLES_OK && field(result, 0, 0) != shape_) {
        return failure(Failure::schema, "a table was changed while foz was writing");
    }
    return {};
}

SinkResult<void> PostgresSink::stream(const TablePlan& plan, const Work& work, bool staging) {
    const auto rows = work.batch.rows();
    const std::size_t fields = plan.columns.size() + (staging ? 2 : 0);
    buffer_.clear();
    append_header(buffer_);
    for (std::size_t i = 0; i < plan.rows.size(); ++i) {
        const mapping::Row& row = rows[plan.rows[i]];
        append_field_count(fields, buffer_);
        if (staging) {
            append_int4(static_cast<std::int32_t>(i), buffer_);
            append_int4(static_cast<std::int32_t>(row.route), buffer_);
        }
        if (const auto wrong = append_cells(work.batch.cells(row), plan.columns, buffer_)) {
            const TargetColumn& column = plan.columns[wrong->column];
            return std::unexpected(SinkError{
                Failure::refused,
                std::string(wrong->flaw.sqlstate),
                fmt::format(
                    "column {} of table {} is {}: {}",
                    column.name,
                    plan.table->name,
                    column.type,
                    wrong->flaw.reason
                ),
                plan.rows[i] - work.first
            });
        }
        if (buffer_.size() >= kPieceBytes) {
            if (!connection_->put(buffer_.view())) {
                return std::unexpected(connection_->loss());
            }
            buffer_.clear();
        }
    }
    append_trailer(buffer_);
    if (!connection_->put(buffer_.view()) || !connection_->put_end()) {
        return std::unexpected(connection_->loss());
    }
    return {};
}

SinkResult<void> PostgresSink::commit_transaction() {
    auto committed = connection_->run("COMMIT");
    if (committed && std::string_view(PQcmdStatus(committed->get())) != "COMMIT") {
        return failure(Failure::retry, "PostgreSQL rolled the transaction back");
    }
    if (!committed) {
        // An error that ends the connection does not say whether it came before or after the
        // commit.
        if (committed.error().failure == Failure::reconnect) {
            committed.error().failure = Failure::in_doubt;
        }
        return pass_error(committed);
    }
    return {};
}

SinkResult<Audit> PostgresSink::audit(
    const std::string& journal, std::span<const std::unique_ptr<mapping::Table>> tables
) {
    if (!connection_) {
        auto opened = Connection::open(options_);
        if (!opened) {
            return pass_error(opened);
        }
        connection_ = std::move(*opened);
    }
    const auto read = [&]() -> SinkResult<Audit> {
        auto begun = connection_->run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        if (!begun) {
            return pass_error(begun);
        }
        auto lanes = read_lanes(*connection_, journal);
        if (!lanes) {
            return pass_error(lanes);
        }
        Audit audit{std::move(*lanes), {}};
        for (const auto& table : tables) {
            auto found = read_table(*connection_, table->name);
            if (!found) {
                return pass_error(found);
            }
            if (!*found) {
                audit.rows.push_back(0);
                continue;
            }
            auto count = connection_->run("SELECT count(*) FROM " + quoted_table(table->name));
            if (!count) {
                return pass_error(count);
            }
            audit.rows.push_back(static_cast<std::uint64_t>(number(*count, 0, 0)));
        }
        return audit;
    };
    auto result = read();
    connection_->roll_back();
    return result;
}

Result<std::unique_ptr<Sink>> make(const SinkOptions& options) {
    char* problem = nullptr;
    PQconninfoOption* parsed = PQconninfoParse(options.url.c_str(), &problem);
    if (parsed == nullptr) {
        std::string message = problem != nullptr ? problem : "out of memory";
        PQfreemem(problem);
        while (message.ends_with('\n')) {
            message.pop_back();
        }
        return fail(ErrorCode::invalid, "not a PostgreSQL URL: {}", message);
    }
    PQconninfoFree(parsed);
    return std::make_unique<PostgresSink>(options);
}

}  // namespace

const SinkKind& kind() {
    static const SinkKind kind{"postgresql", &dialect, &make};
    return kind;
}

const SinkKind& short_kind() {
    static const SinkKind kind{"postgres", &dialect, &make};
    return kind;
}

}  // namespace foz::sink::postgres
