// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/mariadb_sink.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/redaction.h"
#include "sink/mariadb/batch_write.h"
#include "sink/mariadb/catalogue.h"
#include "sink/mariadb/connection.h"
#include "sink/mariadb/dialect.h"
#include "sink/mariadb/error_number.h"
#include "sink/mariadb/rights.h"
#include "sink/mariadb/row_inserter.h"
#include "sink/mariadb/table_setup.h"
#include "sink/mariadb/url.h"
#include "sink/sql_sink.h"

namespace foz::sink::mariadb {
namespace {

constexpr std::string_view kEncrypted =
        "ssl-mode=verify-identity&ssl-ca=FILE, or ssl-mode=required, which does not check who it "
        "is,";

class MariadbSink final : public SqlSink {
  public:
    MariadbSink(SinkOptions options, bool allow_bulk)
        : SqlSink(dialect().name()), options_(std::move(options)), allow_bulk_(allow_bulk) {}

    SinkResult<Connected> connect(const LaneName& lane, const mapping::Mapping& mapping) override;
    SinkResult<Written> write(const mapping::RowBatch& batch, std::size_t first, std::size_t last,
            const Commit& commit) override;
    void close() override;
    void end_waits_at(SteadyTime deadline) override { waiter_.end_at(deadline); }

  private:
    SinkResult<void> open(Access access) override;
    Connection& connection() {
        FOZ_CHECK(connection_.has_value());
        return *connection_;
    }
    SqlSession* session() override { return connection_ ? &*connection_ : nullptr; }
    std::string_view missing_encryption() const override;
    SinkResult<std::vector<std::string>> missing_rights(const mapping::Mapping& mapping) override;
    SinkResult<TablePreparation> prepare_table(const mapping::Table& table) override;
    bool is_of_table(const SinkError& error) const override;
    SinkResult<std::string> describe_table(const mapping::Table& table) override;
    SinkResult<std::string> find_table(const std::string& name) override;

    [[nodiscard]] bool shapes_have_changed(Connection& connection);
    [[nodiscard]] std::optional<std::size_t> table_to_blame(
            const SinkError& error, const mapping::Table* at_hand) const;

    const SinkOptions options_;
    const bool allow_bulk_;
    SocketWaiter waiter_;
    std::optional<Connection> connection_;
    std::optional<RowInserter> inserter_;
    OpenLane lane_;
};

SinkResult<void> MariadbSink::open(Access /*access*/) {
    auto opened = Connection::open(options_, waiter_);
    if (!opened) {
        return pass_on(opened);
    }
    Connection& connection = connection_.emplace(std::move(*opened));
    inserter_.emplace(connection, allow_bulk_ && connection.takes_bulk());
    return {};
}

void MariadbSink::close() {
    inserter_.reset();
    connection_.reset();
}

std::string_view MariadbSink::missing_encryption() const {
    return connection_ && connection_->is_in_clear() ? kEncrypted : "";
}

SinkResult<std::vector<std::string>> MariadbSink::missing_rights(const mapping::Mapping& mapping) {
    return mariadb::missing_rights(connection(), mapping);
}

SinkResult<Connected> MariadbSink::connect(const LaneName& lane, const mapping::Mapping& mapping) {
    lane_ = OpenLane{};
    lane_.name = lane;
    lane_.rows = TableRows(mapping);
    for (const auto& table : mapping.tables()) {
        lane_.plans.emplace_back().table = table.get();
    }
    auto connected = SqlSink::connect(lane, mapping);
    if (connected) {
        lane_.cursor = connected->cursor;
        lane_.cursor_writer = connected->mark.writer;
    }
    return connected;
}

SinkResult<TablePreparation> MariadbSink::prepare_table(const mapping::Table& table) {
    const auto plan = std::ranges::find(lane_.plans, &table, &TablePlan::table);
    FOZ_CHECK(plan != lane_.plans.end());
    plan->columns.clear();
    auto preparation = MariadbTableSetup(connection(), table).prepare();
    if (!preparation) {
        return preparation;
    }
    if (preparation->table.columns.empty()) {
        plan->found = {};  // inferred, and nothing has been received yet
    } else if (auto read = plan->read(connection()); !read) {
        return pass_on(read);
    }
    return preparation;
}

bool MariadbSink::is_of_table(const SinkError& error) const {
    return error.failure != FailureKind::reconnect;
}

SinkResult<std::string> MariadbSink::describe_table(const mapping::Table& table) {
    return MariadbTableSetup(connection(), table).describe();
}

SinkResult<std::string> MariadbSink::find_table(const std::string& name) {
    auto found = read_table(connection(), name);
    if (!found) {
        return pass_on(found);
    }
    return *found ? quoted_table(name) : "";
}

// The table at hand, unless the error is about all of the database.
std::optional<std::size_t> MariadbSink::table_to_blame(
        const SinkError& error, const mapping::Table* at_hand) const {
    const auto plan = std::ranges::find(lane_.plans, at_hand, &TablePlan::table);
    const bool of_table = error.failure == FailureKind::retry ||
                          error.failure == FailureKind::schema ||
                          (connection_ && connection_->silent());
    if (at_hand == nullptr || plan == lane_.plans.end() || !of_table ||
            is_of_whole_database(error.code)) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(plan - lane_.plans.begin());
}

SinkResult<Written> MariadbSink::write(
        const mapping::RowBatch& batch, std::size_t first, std::size_t last, const Commit& commit) {
    if (!connection_ || !inserter_) {
        return not_connected();
    }
    lane_.rows.take(batch, first, last);
    if (auto taken = take_rows(lane_.rows, lane_.plans, lane_.more_plans); !taken) {
        return pass_on(taken);
    }
    BatchWrite write(*connection_, *inserter_, lane_, commit);
    auto written = write.run();
    if (!written) {
        written.error().table = table_to_blame(written.error(), write.table());
        connection_->roll_back();
        // Values for a column of another type look like bad data to the server: no reading is to
        // blame for that.
        if (written.error().failure == FailureKind::refused && shapes_have_changed(*connection_)) {
            return fail(FailureKind::schema, "a table was changed while foz was writing");
        }
        return written;
    }
    lane_.cursor = commit.cursor;
    lane_.cursor_writer = lane_.name.writer;
    return written;
}

bool MariadbSink::shapes_have_changed(Connection& connection) {
    const bool changed = std::ranges::any_of(lane_.plans, [&](const TablePlan& plan) {
        if (plan.rows.empty()) {
            return false;
        }
        const auto shape = connection.run(shape_query(*plan.table));
        return shape && shape->front().shape != plan.shape;
    });
    connection.roll_back();
    return changed;
}

Result<std::unique_ptr<Sink>> make_sink(const SinkOptions& options, bool allow_bulk) {
    if (auto url = parse_url(options.url); !url) {
        return fail(url.error().code, "{}", redacted_message(url.error().message, options.url));
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
