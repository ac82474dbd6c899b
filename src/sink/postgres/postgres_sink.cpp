// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/postgres_sink.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/redaction.h"
#include "sink/postgres/batch_write.h"
#include "sink/postgres/catalogue.h"
#include "sink/postgres/connection.h"
#include "sink/postgres/dialect.h"
#include "sink/postgres/rights.h"
#include "sink/postgres/sqlstate.h"
#include "sink/postgres/table_setup.h"
#include "sink/sql_sink.h"

namespace foz::sink::postgres {
namespace {

constexpr std::string_view kEncrypted =
        "sslmode=verify-full&sslrootcert=FILE, or sslmode=require, which does not check who it is,";

// To name all refused rows costs as much as to write them: not for one now and then.
constexpr int kRefusalCounts = 2;
constexpr int kProbeFrom = 2;
constexpr int kRefusedLatelyMax = 8;

class PostgresSink final : public SqlSink {
  public:
    explicit PostgresSink(SinkOptions options)
        : SqlSink(dialect().name()), options_(std::move(options)) {}

    SinkResult<Connected> connect(const LaneName& lane, const mapping::Mapping& mapping) override;
    SinkResult<Written> write(const mapping::RowBatch& batch, std::size_t first, std::size_t last,
            const Commit& commit) override;
    void close() override { connection_.reset(); }
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
    SinkResult<void> tables_are_prepared() override;
    SinkResult<std::string> describe_table(const mapping::Table& table) override;
    SinkResult<std::string> find_table(const std::string& name) override;

    [[nodiscard]] bool shape_has_changed(Connection& connection) const;
    [[nodiscard]] std::optional<std::size_t> table_to_blame(
            const SinkError& error, const mapping::Table* at_hand) const;

    const SinkOptions options_;
    SocketWaiter waiter_;
    std::optional<Connection> connection_;
    OpenLane lane_;
    int refused_lately_ = 0;
};

SinkResult<void> PostgresSink::open(Access /*access*/) {
    auto opened = Connection::open(options_, waiter_);
    if (!opened) {
        return pass_on(opened);
    }
    connection_ = std::move(*opened);
    return {};
}

std::string_view PostgresSink::missing_encryption() const {
    return connection_ && connection_->is_in_clear() ? kEncrypted : "";
}

SinkResult<std::vector<std::string>> PostgresSink::missing_rights(const mapping::Mapping& mapping) {
    // takes_key() needs a transaction; what it reads must not change, either.
    if (auto begun = connection().run(connection().begin()); !begun) {
        return pass_on(begun);
    }
    return postgres::missing_rights(connection(), mapping);
}

SinkResult<Connected> PostgresSink::connect(const LaneName& lane, const mapping::Mapping& mapping) {
    lane_ = OpenLane{};
    lane_.name = lane;
    lane_.rows = TableRows(mapping);
    for (const auto& table : mapping.tables()) {
        lane_.plans.emplace_back().table = table.get();
    }
    lane_.shape_query = shape_query(mapping.tables());
    auto connected = SqlSink::connect(lane, mapping);
    if (connected) {
        lane_.cursor = connected->cursor;
        lane_.cursor_writer = connected->mark.writer;
    }
    return connected;
}

SinkResult<TablePreparation> PostgresSink::prepare_table(const mapping::Table& table) {
    const auto plan = std::ranges::find(lane_.plans, &table, &TablePlan::table);
    FOZ_CHECK(plan != lane_.plans.end());
    PostgresTableSetup setup(connection(), table);
    auto preparation = setup.prepare();
    if (preparation) {
        plan->prepared_as(setup.take_found());
    }
    return preparation;
}

bool PostgresSink::is_of_table(const SinkError& /*error*/) const {
    return connection_ && !connection_->lost();
}

SinkResult<void> PostgresSink::tables_are_prepared() {
    auto shape = connection().run(lane_.shape_query);
    if (!shape) {
        return pass_on(shape);
    }
    lane_.shape = field(*shape, 0, 0);
    return {};
}

SinkResult<std::string> PostgresSink::describe_table(const mapping::Table& table) {
    return PostgresTableSetup(connection(), table).describe();
}

SinkResult<std::string> PostgresSink::find_table(const std::string& name) {
    auto found = read_table(connection(), name);
    if (!found) {
        return pass_on(found);
    }
    return *found ? quoted_table(name) : "";
}

// The table at hand, unless the error is about all of the database.
std::optional<std::size_t> PostgresSink::table_to_blame(
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

SinkResult<Written> PostgresSink::write(
        const mapping::RowBatch& batch, std::size_t first, std::size_t last, const Commit& commit) {
    if (!connection_) {
        return not_connected();
    }
    lane_.rows.take(batch, first, last);
    if (auto taken = take_rows(lane_.rows, lane_.plans, lane_.more_plans); !taken) {
        return pass_on(taken);
    }
    BatchWrite write(*connection_, lane_, commit);
    auto written = write.run(refused_lately_ >= kProbeFrom);
    const bool refused = !written && written.error().failure == FailureKind::refused;
    refused_lately_ = refused ? std::min(refused_lately_ + kRefusalCounts, kRefusedLatelyMax)
                              : std::max(refused_lately_ - 1, 0);
    if (!written) {
        written.error().table = table_to_blame(written.error(), write.table());
        connection_->roll_back();
        if (written.error().failure == FailureKind::refused && shape_has_changed(*connection_)) {
            return fail(FailureKind::schema, "a table was changed while foz was writing");
        }
        return written;
    }
    lane_.cursor = commit.cursor;
    lane_.cursor_writer = lane_.name.writer;
    return written;
}

// Bytes meant for another type look like bad data to the server: no reading is to blame for that.
bool PostgresSink::shape_has_changed(Connection& connection) const {
    const auto shape = connection.run(lane_.shape_query);
    return shape && field(*shape, 0, 0) != lane_.shape;
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
        return fail(ErrorCode::invalid, "not a PostgreSQL URL: {}",
                redacted_message(message, options.url));
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
