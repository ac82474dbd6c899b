// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/mariadb_sink.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "mapping/key_order.h"
#include "sink/mariadb/bookkeeping.h"
#include "sink/mariadb/catalogue.h"
#include "sink/mariadb/column_arrays.h"
#include "sink/mariadb/connection.h"
#include "sink/mariadb/dialect.h"
#include "sink/mariadb/error_number.h"
#include "sink/mariadb/row_inserter.h"
#include "sink/mariadb/url.h"

namespace foz::sink::mariadb {
namespace {

template <class T>
std::unexpected<SinkError> pass_error(SinkResult<T>& failed) {
    return std::unexpected(std::move(failed.error()));
}

std::unexpected<SinkError> failure(Failure kind, std::string message) {
    return std::unexpected(SinkError{kind, "", std::move(message), std::nullopt});
}

std::string shape_query(const mapping::Table& table) {
    return fmt::format("SELECT * FROM {} LIMIT 0", quoted_table(table.name));
}

// How the rows of one table are written.
struct TablePlan {
    const mapping::Table* table = nullptr;
    CatalogueTable found;
    std::string shape;          // of the table, when `found` was read
    std::uint32_t version = 0;  // of the table, when the columns were chosen
    std::vector<const CatalogueColumn*> columns;
    std::vector<bool> in_key;
    InsertShape insert;
    ColumnArrays arrays;
    std::vector<std::uint32_t> rows;  // of the batch at hand, in its order

    [[nodiscard]] bool is_current() const {
        return version == table->version && columns.size() == table->columns.size();
    }
    [[nodiscard]] bool make_current();
    /// The same INSERT, but rows whose key is there already change nothing.
    [[nodiscard]] InsertShape insert_ignoring_duplicates() const {
        const std::string column = dialect().quoted(table->key.front());
        return {
            insert.before, insert.columns, fmt::format(" ON DUPLICATE KEY UPDATE {0} = {0}", column)
        };
    }
};

bool TablePlan::make_current() {
    columns.clear();
    in_key.clear();
    std::vector<std::string> names;
    for (const mapping::Column& column : table->columns) {
        const CatalogueColumn* there = found.find(column.name);
        if (there == nullptr || !there->content || there->generated || !fits(column.type, *there)) {
            columns.clear();
            return false;
        }
        columns.push_back(there);
        in_key.push_back(std::ranges::find(table->key, column.name) != table->key.end());
        names.push_back(column.name);
    }
    version = table->version;
    insert = {
        fmt::format("INSERT INTO {} ({}) VALUES ", quoted_table(table->name), quoted_list(names)),
        names.size(),
        ""
    };
    return true;
}

class MariadbSink final : public Sink {
  public:
    MariadbSink(SinkOptions options, bool allow_bulk)
        : options_(std::move(options)), allow_bulk_(allow_bulk) {}

    SinkResult<Connected> connect(const LaneName& lane, const mapping::Mapping& mapping) override;
    SinkResult<std::vector<std::string>> inspect(const mapping::Mapping& mapping) override;
    SinkResult<void> extend(const mapping::Table& table) override;
    SinkResult<Written> write(
        const mapping::RowBatch& batch, std::size_t first, std::size_t last, const Commit& commit
    ) override;
    SinkResult<Audit> audit(
        const std::string& journal, std::span<const std::unique_ptr<mapping::Table>> tables
    ) override;
    void close() override;

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
    [[nodiscard]] SinkResult<void> settle(TablePlan& plan);
    [[nodiscard]] SinkResult<void> take_rows(const Work& work);
    [[nodiscard]] SinkResult<void> write_directly(Work& work);
    [[nodiscard]] SinkResult<void> write_with_duplicates(Work& work);
    [[nodiscard]] SinkResult<void> insert_runs(TablePlan& plan, Work& work);
    [[nodiscard]] SinkResult<void> insert_each(TablePlan& plan, Work& work);
    [[nodiscard]] SinkResult<void> close_books(const Work& work);
    [[nodiscard]] bool shapes_have_changed();

    const SinkOptions options_;
    const bool allow_bulk_;
    std::optional<Connection> connection_;
    std::optional<RowInserter> inserter_;
    LaneName lane_;
    Cursor cursor_;  // what foz_cursor holds
    std::vector<std::string> routes_;
    std::vector<std::uint32_t> plan_of_route_;
    std::vector<TablePlan> plans_;
};

void MariadbSink::close() {
    inserter_.reset();
    connection_.reset();
}

SinkResult<Connected> MariadbSink::connect(const LaneName& lane, const mapping::Mapping& mapping) {
    close();
    lane_ = lane;
    auto opened = Connection::open(options_);
    if (!opened) {
        return pass_error(opened);
    }
    connection_ = std::move(*opened);
    inserter_.emplace(*connection_, allow_bulk_ && connection_->takes_bulk());
    auto connected = set_up(mapping);
    if (!connected) {
        // Only a table that does not fit needs a person; it has no number, because foz found it.
        if (!connected.error().code.empty()) {
            connected.error().failure = Failure::retry;
        }
        close();
    }
    return connected;
}

SinkResult<Connected> MariadbSink::set_up(const mapping::Mapping& mapping) {
    if (auto created = create_bookkeeping(*connection_, lane_); !created) {
        return pass_error(created);
    }
    Connected connected;
    plans_.clear();
    for (const auto& table : mapping.tables()) {
        TablePlan& plan = plans_.emplace_back();
        plan.table = table.get();
        if (auto settled = settle(plan); !settled) {
            return pass_error(settled);
        }
        connected.columns.push_back(known_columns(plan.found));
    }
    routes_.clear();
    plan_of_route_.clear();
    for (const mapping::RouteInfo& route : mapping.routes()) {
        const auto plan = std::ranges::find(plans_, route.table, &TablePlan::table);
        routes_.push_back(route.name);
        plan_of_route_.push_back(static_cast<std::uint32_t>(plan - plans_.begin()));
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
    connection_->roll_back();
    return connected;
}

SinkResult<void> MariadbSink::settle(TablePlan& plan) {
    plan.columns.clear();
    auto settled = settle_table(*connection_, *plan.table);
    if (!settled) {
        return pass_error(settled);
    }
    if (settled->columns.empty()) {
        plan.found = {};
        return {};  // inferred, and nothing has been received yet
    }
    // Having read it, the transaction keeps others from changing the table until the catalogue has
    // been read too.
    const auto shape = connection_->run(shape_query(*plan.table));
    if (!shape) {
        return std::unexpected(shape.error());
    }
    auto found = read_table(*connection_, plan.table->name);
    connection_->roll_back();
    if (!found) {
        return pass_error(found);
    }
    if (!*found) {
        return failure(
            Failure::schema, fmt::format("table {} has just been dropped", plan.table->name)
        );
    }
    plan.shape = shape->front().shape;
    plan.found = std::move(**found);
    return {};
}

SinkResult<std::vector<std::string>> MariadbSink::inspect(const mapping::Mapping& mapping) {
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

SinkResult<void> MariadbSink::extend(const mapping::Table& table) {
    if (!connection_) {
        return failure(Failure::reconnect, "not connected to MariaDB");
    }
    const auto plan = std::ranges::find(plans_, &table, &TablePlan::table);
    FOZ_CHECK(plan != plans_.end());
    return settle(*plan);
}

SinkResult<Written> MariadbSink::write(
    const mapping::RowBatch& batch, std::size_t first, std::size_t last, const Commit& commit
) {
    if (!connection_) {
        return failure(Failure::reconnect, "not connected to MariaDB");
    }
    Work work{batch, first, last, commit, {}};
    if (auto taken = take_rows(work); !taken) {
        return pass_error(taken);
    }
    auto done = write_directly(work);
    if (!done && done.error().code == std::to_string(kDuplicateEntry)) {
        connection_->roll_back();
        done = write_with_duplicates(work);
    }
    if (done) {
        done = close_books(work);
    }
    if (done) {
        done = connection_->commit();
    }
    if (!done) {
        connection_->roll_back();
        // Values for a column of another type look like bad data to the server: no reading is to
        // blame for that.
        if (done.error().failure == Failure::refused && shapes_have_changed()) {
            return failure(Failure::schema, "a table was changed while foz was writing");
        }
        return pass_error(done);
    }
    cursor_ = commit.cursor;
    return std::move(work.written);
}

bool MariadbSink::shapes_have_changed() {
    const bool changed = std::ranges::any_of(plans_, [&](const TablePlan& plan) {
        if (plan.rows.empty()) {
            return false;
        }
        const auto shape = connection_->run(shape_query(*plan.table));
        return shape && shape->front().shape != plan.shape;
    });
    connection_->roll_back();
    return changed;
}

// Sorts the rows by table, and turns them into arrays.
SinkResult<void> MariadbSink::take_rows(const Work& work) {
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
    for (TablePlan& plan : plans_) {
        if (plan.rows.empty()) {
            continue;
        }
        if (!plan.is_current() && !plan.make_current()) {
            return failure(
                Failure::schema,
                fmt::format("table {} lacks columns that it should have", plan.table->name)
            );
        }
        if (auto wrong = plan.arrays.fill(work.batch, plan.rows, plan.columns, plan.in_key)) {
            return std::unexpected(SinkError{
                Failure::refused,
                std::string(wrong->number),
                fmt::format("table {}: {}", plan.table->name, wrong->message),
                plan.rows[wrong->row] - work.first
            });
        }
    }
    return {};
}

SinkResult<void> MariadbSink::write_directly(Work& work) {
    work.written.stored.assign(routes_.size(), 0);
    work.written.duplicate.assign(routes_.size(), 0);
    const auto rows = work.batch.rows();
    for (std::size_t i = work.first; i < work.last; ++i) {
        ++work.written.stored[rows[i].route];
    }
    for (TablePlan& plan : plans_) {
        auto inserted = inserter_->insert(plan.insert, plan.arrays, 0, plan.rows.size());
        if (!inserted) {
            if (inserted.error().row) {
                inserted.error().row = plan.rows[*inserted.error().row] - work.first;
            }
            return pass_error(inserted);
        }
    }
    return {};
}

SinkResult<void> MariadbSink::write_with_duplicates(Work& work) {
    work.written.stored.assign(routes_.size(), 0);
    work.written.duplicate.assign(routes_.size(), 0);
    for (TablePlan& plan : plans_) {
        if (plan.rows.empty()) {
            continue;
        }
        // ON DUPLICATE KEY UPDATE would take a clash in any unique index for a duplicate.
        const bool alone = plan.table->key.empty() || has_other_unique(*plan.table, plan.found);
        auto inserted = alone ? insert_each(plan, work) : insert_runs(plan, work);
        if (!inserted) {
            return inserted;
        }
    }
    return {};
}

// One statement for the rows of one route that stand together, so that the count is that route's.
SinkResult<void> MariadbSink::insert_runs(TablePlan& plan, Work& work) {
    const auto rows = work.batch.rows();
    const InsertShape insert = plan.insert_ignoring_duplicates();
    std::size_t first = 0;
    while (first < plan.rows.size()) {
        const std::uint32_t route = rows[plan.rows[first]].route;
        std::size_t last = first + 1;
        while (last < plan.rows.size() && rows[plan.rows[last]].route == route) {
            ++last;
        }
        auto inserted = inserter_->insert(insert, plan.arrays, first, last);
        if (!inserted) {
            if (inserted.error().row) {
                inserted.error().row = plan.rows[*inserted.error().row] - work.first;
            }
            return pass_error(inserted);
        }
        work.written.stored[route] += *inserted;
        work.written.duplicate[route] += last - first - *inserted;
        first = last;
    }
    return {};
}

SinkResult<void> MariadbSink::insert_each(TablePlan& plan, Work& work) {
    const auto rows = work.batch.rows();
    const UniqueIndex* key = plan.table->key.empty() ? nullptr : key_index(*plan.table, plan.found);
    for (std::size_t i = 0; i < plan.rows.size(); ++i) {
        const std::uint32_t route = rows[plan.rows[i]].route;
        auto inserted = inserter_->insert(plan.insert, plan.arrays, i, i + 1);
        if (inserted) {
            ++work.written.stored[route];
            continue;
        }
        // "Duplicate entry '1' for key 'PRIMARY'"; MySQL writes 't.PRIMARY'.
        const bool duplicate =
            key != nullptr && inserted.error().code == std::to_string(kDuplicateEntry) &&
            (inserted.error().message.ends_with(" for key '" + key->name + "'") ||
             inserted.error().message.ends_with("." + key->name + "'"));
        if (!duplicate) {
            inserted.error().row = plan.rows[i] - work.first;
            return pass_error(inserted);
        }
        ++work.written.duplicate[route];
    }
    return {};
}

// The end of the transaction, in one message: were the tables what they seemed to be, and the
// books.
SinkResult<void> MariadbSink::close_books(const Work& work) {
    std::string sql;
    std::vector<const TablePlan*> checked;
    for (const TablePlan& plan : plans_) {
        if (!plan.rows.empty()) {
            sql += shape_query(*plan.table) + "; ";
            checked.push_back(&plan);
        }
    }
    sql += progress_statements(
        lane_, {cursor_, work.commit.cursor, routes_, work.written, work.commit.dead}
    );
    auto answers = connection_->run(sql);
    if (!answers) {
        if (answers.error().failure == Failure::refused) {
            answers.error().failure =
                Failure::retry;  // no reading is to blame for foz's own tables
        }
        return pass_error(answers);
    }
    for (std::size_t i = 0; i < checked.size(); ++i) {
        if ((*answers)[i].shape != checked[i]->shape) {
            return failure(
                Failure::schema,
                fmt::format("table {} was changed while foz was writing", checked[i]->table->name)
            );
        }
    }
    if ((*answers)[checked.size()].matched != 1) {
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
    return {};
}

SinkResult<Audit> MariadbSink::audit(
    const std::string& journal, std::span<const std::unique_ptr<mapping::Table>> tables
) {
    if (!connection_) {
        auto opened = Connection::open(options_);
        if (!opened) {
            return pass_error(opened);
        }
        connection_ = std::move(*opened);
        inserter_.emplace(*connection_, allow_bulk_ && connection_->takes_bulk());
    }
    const auto read = [&]() -> SinkResult<Audit> {
        auto begun = connection_->run(
            "COMMIT; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; "
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
        );
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
            audit.rows.push_back(std::stoull(count->front().rows[0][0].value_or("0")));
        }
        return audit;
    };
    auto result = read();
    connection_->roll_back();
    return result;
}

Result<std::unique_ptr<Sink>> make_sink(const SinkOptions& options, bool allow_bulk) {
    if (auto url = parse_url(options.url); !url) {
        return pass_on(url);
    }
    return std::make_unique<MariadbSink>(options, allow_bulk);
}

Result<std::unique_ptr<Sink>> make(const SinkOptions& options) {
    return make_sink(options, true);
}

}  // namespace

const SinkKind& kind() {
    static const SinkKind kind{"mariadb", &dialect, &make};
    return kind;
}

const SinkKind& mysql_kind() {
    static const SinkKind kind{"mysql", &dialect, &make};
    return kind;
}

Result<std::unique_ptr<Sink>> make_without_bulk(const SinkOptions& options) {
    return make_sink(options, false);
}

}  // namespace foz::sink::mariadb
