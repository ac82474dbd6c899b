// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/postgres_sink.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/redaction.h"
#include "sink/clear_text.h"
#include "sink/misfits.h"
#include "sink/postgres/batch_write.h"
#include "sink/postgres/bookkeeping.h"
#include "sink/postgres/catalogue.h"
#include "sink/postgres/connection.h"
#include "sink/postgres/dialect.h"
#include "sink/postgres/rights.h"
#include "sink/postgres/sqlstate.h"
#include "sink/postgres/table_setup.h"
#include "sink/table_fit.h"
#include "sink/table_warnings.h"

namespace foz::sink::postgres {
namespace {

// One foz at a time creates tables: CREATE TABLE IF NOT EXISTS is not safe against itself. The
// number is "foz".
constexpr std::string_view kSetupLock = "SELECT pg_catalog.pg_advisory_xact_lock(6713210)";

constexpr std::string_view kEncrypted =
    "sslmode=verify-full&sslrootcert=FILE, or sslmode=require, which does not check who it is,";

// To name all refused rows costs as much as to write them: not for one now and then.
constexpr int kRefusalCounts = 2;
constexpr int kProbeFrom = 2;
constexpr int kRefusedLatelyMax = 8;

// Only a table that does not fit needs a person; it has no SQLSTATE, because foz found it.
SinkError error_of_setup(SinkError error) {
    if (!error.code.empty() && error.failure != Failure::reconnect) {
        error.failure = Failure::retry;
    }
    return error;
}

class PostgresSink final : public Sink {
  public:
    explicit PostgresSink(SinkOptions options) : options_(std::move(options)) {}

    SinkResult<Connected> connect(const LaneName& lane, const mapping::Mapping& mapping) override;
    SinkResult<std::vector<std::string>> inspect(const mapping::Mapping& mapping) override;
    SinkResult<PreparedTable> extend(const mapping::Table& table) override;
    SinkResult<Written> write(
        const mapping::RowBatch& batch, std::size_t first, std::size_t last, const Commit& commit
    ) override;
    SinkResult<Audit> audit(
        const std::string& journal, std::span<const std::unique_ptr<mapping::Table>> tables
    ) override;
    void close() override { connection_.reset(); }
    void end_waits_at(SteadyTime deadline) override { waiter_.end_at(deadline); }

  private:
    [[nodiscard]] SinkResult<Connected> set_up(
        Connection& connection, const mapping::Mapping& mapping
    );
    [[nodiscard]] SinkResult<void> prepare_tables(
        Connection& connection, const mapping::Mapping& mapping, Connected& connected
    );
    [[nodiscard]] SinkResult<void> remember_shape(Connection& connection);
    [[nodiscard]] bool shape_has_changed(Connection& connection) const;
    [[nodiscard]] std::optional<std::size_t> table_to_blame(
        const SinkError& error, const mapping::Table* at_hand
    ) const;

    const SinkOptions options_;
    SocketWaiter waiter_;
    std::optional<Connection> connection_;
    OpenLane lane_;
    TableWarnings warnings_;
    bool warned_of_clear_text_ = false;
    int refused_lately_ = 0;
};

SinkResult<Connected> PostgresSink::connect(const LaneName& lane, const mapping::Mapping& mapping) {
    close();
    lane_ = OpenLane{};
    lane_.name = lane;
    lane_.rows = TableRows(mapping);
    auto opened = Connection::open(options_, waiter_);
    if (!opened) {
        return pass_on(opened);
    }
    connection_ = std::move(*opened);
    if (connection_->is_in_clear() && !std::exchange(warned_of_clear_text_, true)) {
        spdlog::warn("{}", clear_text_warning(kEncrypted));
    }
    auto connected = set_up(*connection_, mapping);
    if (!connected || any_misfit(*connected)) {
        close();
    }
    if (!connected) {
        return std::unexpected(error_of_setup(std::move(connected.error())));
    }
    return unless_none_fits(std::move(*connected), mapping);
}

namespace {

// A failure leaves the transaction as it was before, unless the connection is lost.
SinkResult<TablePreparation> prepare_apart(Connection& connection, const mapping::Table& table) {
    if (auto marked = connection.run("SAVEPOINT foz_table"); !marked) {
        return pass_on(marked);
    }
    auto preparation = prepare_table(connection, table);
    if (!connection.lost()) {
        auto left = connection.run(
            preparation ? "RELEASE SAVEPOINT foz_table" : "ROLLBACK TO SAVEPOINT foz_table"
        );
        if (!left) {
            return pass_on(left);
        }
    }
    return preparation;
}

}  // namespace

SinkResult<void> PostgresSink::prepare_tables(
    Connection& connection, const mapping::Mapping& mapping, Connected& connected
) {
    for (const auto& table : mapping.tables()) {
        TablePlan& plan = lane_.plans.emplace_back();
        plan.table = table.get();
        PreparedTable& prepared = connected.tables.emplace_back();
        if (table->elsewhere) {
            continue;
        }
        auto preparation = prepare_apart(connection, *table);
        if (!preparation && connection.lost()) {
            return pass_on(preparation);
        }
        if (!preparation) {
            prepared.misfit = error_of_setup(std::move(preparation.error()));
            continue;
        }
        prepared = preparation->prepared();
        plan.prepared_as(std::move(preparation->found));
        warnings_.log(table->name, warnings_about(*table, plan.found));
    }
    return {};
}

SinkResult<Connected> PostgresSink::set_up(
    Connection& connection, const mapping::Mapping& mapping
) {
    auto begun = connection.run(connection.begin_with(kSetupLock));
    if (!begun) {
        return pass_on(begun);
    }
    if (auto created = create_bookkeeping(connection, lane_.name); !created) {
        return pass_on(created);
    }
    Connected connected;
    if (auto prepared = prepare_tables(connection, mapping, connected); !prepared) {
        return pass_on(prepared);
    }
    lane_.shape_query = shape_query(mapping.tables());
    if (auto remembered = remember_shape(connection); !remembered) {
        return pass_on(remembered);
    }
    auto lanes = read_lanes(connection, lane_.name.journal, lane_.name.lane);
    if (!lanes) {
        return pass_on(lanes);
    }
    if (lanes->empty()) {
        return fail(Failure::retry, "foz_cursor lost the row of its lane");
    }
    lane_.cursor = connected.cursor = lanes->front().cursor;
    connected.mark = std::move(lanes->front().mark);
    lane_.cursor_writer = connected.mark.writer;
    connected.ledger = std::move(lanes->front().ledger);
    if (auto committed = connection.commit(); !committed) {
        return pass_on(committed);
    }
    return connected;
}

SinkResult<void> PostgresSink::remember_shape(Connection& connection) {
    auto shape = connection.run(lane_.shape_query);
    if (!shape) {
        return pass_on(shape);
    }
    lane_.shape = field(*shape, 0, 0);
    return {};
}

SinkResult<std::vector<std::string>> PostgresSink::inspect(const mapping::Mapping& mapping) {
    auto connection = Connection::open(options_, waiter_);
    if (!connection) {
        return pass_on(connection);
    }
    // takes_key() needs a transaction; what it reads must not change, either.
    if (auto begun = connection->run(connection->begin()); !begun) {
        return pass_on(begun);
    }
    std::vector<std::string> warnings;
    if (connection->is_in_clear()) {
        warnings.push_back("warning: " + clear_text_warning(kEncrypted));
    }
    auto missing = missing_rights(*connection, mapping);
    if (!missing) {
        return pass_on(missing);
    }
    return describe_all(
        mapping,
        [&](const mapping::Table& table) { return describe_table(*connection, table); },
        {.lines = std::move(warnings), .objections = std::move(*missing)}
    );
}

SinkResult<PreparedTable> PostgresSink::extend(const mapping::Table& table) {
    if (!connection_) {
        return fail(Failure::reconnect, "not connected to PostgreSQL");
    }
    const auto plan = std::ranges::find(lane_.plans, &table, &TablePlan::table);
    FOZ_CHECK(plan != lane_.plans.end());
    const auto change = [&]() -> SinkResult<PreparedTable> {
        auto begun = connection_->run(connection_->begin_with(kSetupLock));
        if (!begun) {
            return pass_on(begun);
        }
        auto preparation = prepare_table(*connection_, table);
        if (!preparation) {
            return pass_on(preparation);
        }
        if (auto remembered = remember_shape(*connection_); !remembered) {
            return pass_on(remembered);
        }
        if (auto committed = connection_->commit(); !committed) {
            return pass_on(committed);
        }
        PreparedTable prepared = preparation->prepared();
        plan->prepared_as(std::move(preparation->found));
        return prepared;
    };
    auto changed = change();
    if (!changed) {
        connection_->roll_back();
    }
    return changed;
}

// The table at hand, unless the error is about all of the database.
std::optional<std::size_t> PostgresSink::table_to_blame(
    const SinkError& error, const mapping::Table* at_hand
) const {
    const auto plan = std::ranges::find(lane_.plans, at_hand, &TablePlan::table);
    const bool of_table = error.failure == Failure::retry || error.failure == Failure::schema ||
                          (connection_ && connection_->silent());
    if (at_hand == nullptr || plan == lane_.plans.end() || !of_table ||
        is_of_whole_database(error.code)) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(plan - lane_.plans.begin());
}

SinkResult<Written> PostgresSink::write(
    const mapping::RowBatch& batch, std::size_t first, std::size_t last, const Commit& commit
) {
    if (!connection_) {
        return fail(Failure::reconnect, "not connected to PostgreSQL");
    }
    lane_.rows.take(batch, first, last);
    if (auto taken = take_rows(lane_.rows, lane_.plans, lane_.more_plans); !taken) {
        return pass_on(taken);
    }
    BatchWrite write(*connection_, lane_, commit);
    auto written = write.run(refused_lately_ >= kProbeFrom);
    const bool refused = !written && written.error().failure == Failure::refused;
    refused_lately_ = refused ? std::min(refused_lately_ + kRefusalCounts, kRefusedLatelyMax)
                              : std::max(refused_lately_ - 1, 0);
    if (!written) {
        written.error().table = table_to_blame(written.error(), write.table());
        connection_->roll_back();
        if (written.error().failure == Failure::refused && shape_has_changed(*connection_)) {
            return fail(Failure::schema, "a table was changed while foz was writing");
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

SinkResult<Audit> PostgresSink::audit(
    const std::string& journal, std::span<const std::unique_ptr<mapping::Table>> tables
) {
    if (!connection_) {
        auto opened = Connection::open(options_, waiter_);
        if (!opened) {
            return pass_on(opened);
        }
        connection_ = std::move(*opened);
    }
    const auto read = [&]() -> SinkResult<Audit> {
        auto begun = connection_->run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        if (!begun) {
            return pass_on(begun);
        }
        auto lanes = read_lanes(*connection_, journal);
        if (!lanes) {
            return pass_on(lanes);
        }
        auto foreign = read_foreign(*connection_, journal);
        if (!foreign) {
            return pass_on(foreign);
        }
        Audit audit{.lanes = std::move(*lanes), .rows = {}, .foreign = std::move(*foreign)};
        for (const auto& table : tables) {
            auto found = read_table(*connection_, table->name);
            if (!found) {
                return pass_on(found);
            }
            if (!*found) {
                audit.rows.push_back(0);
                continue;
            }
            auto count =
                connection_->run_at_length("SELECT count(*) FROM " + quoted_table(table->name));
            if (!count) {
                return pass_on(count);
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
        return fail(
            ErrorCode::invalid, "not a PostgreSQL URL: {}", redacted_message(message, options.url)
        );
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
