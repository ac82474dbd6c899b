// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/mariadb_sink.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/redaction.h"
#include "sink/clear_text.h"
#include "sink/mariadb/batch_write.h"
#include "sink/mariadb/bookkeeping.h"
#include "sink/mariadb/catalogue.h"
#include "sink/mariadb/connection.h"
#include "sink/mariadb/dialect.h"
#include "sink/mariadb/error_number.h"
#include "sink/mariadb/rights.h"
#include "sink/mariadb/row_inserter.h"
#include "sink/mariadb/table_setup.h"
#include "sink/mariadb/url.h"
#include "sink/misfits.h"
#include "sink/table_fit.h"
#include "sink/table_warnings.h"

namespace foz::sink::mariadb {
namespace {

constexpr std::string_view kEncrypted =
    "ssl-mode=verify-identity&ssl-ca=FILE, or ssl-mode=required, which does not check who it is,";

// Only a table that does not fit needs a person; it has no number, because foz found it.
SinkError error_of_setup(SinkError error) {
    if (!error.code.empty() && error.failure != Failure::reconnect) {
        error.failure = Failure::retry;
    }
    return error;
}

class MariadbSink final : public Sink {
  public:
    MariadbSink(SinkOptions options, bool allow_bulk)
        : options_(std::move(options)), allow_bulk_(allow_bulk) {}

    SinkResult<Connected> connect(const LaneName& lane, const mapping::Mapping& mapping) override;
    SinkResult<std::vector<std::string>> inspect(const mapping::Mapping& mapping) override;
    SinkResult<PreparedTable> extend(const mapping::Table& table) override;
    SinkResult<Written> write(
        const mapping::RowBatch& batch, std::size_t first, std::size_t last, const Commit& commit
    ) override;
    SinkResult<Audit> audit(
        const std::string& journal, std::span<const std::unique_ptr<mapping::Table>> tables
    ) override;
    void close() override;
    void end_waits_at(SteadyTime deadline) override { waiter_.end_at(deadline); }

  private:
    Connection& take(Connection connection);
    [[nodiscard]] SinkResult<Connected> set_up(
        Connection& connection, const mapping::Mapping& mapping
    );
    [[nodiscard]] bool shapes_have_changed(Connection& connection);
    [[nodiscard]] std::optional<std::size_t> table_to_blame(
        const SinkError& error, const mapping::Table* at_hand
    ) const;

    const SinkOptions options_;
    const bool allow_bulk_;
    SocketWaiter waiter_;
    std::optional<Connection> connection_;
    std::optional<RowInserter> inserter_;
    OpenLane lane_;
    TableWarnings warnings_;
    bool warned_of_clear_text_ = false;
};

Connection& MariadbSink::take(Connection connection) {
    Connection& taken = connection_.emplace(std::move(connection));
    inserter_.emplace(taken, allow_bulk_ && taken.takes_bulk());
    return taken;
}

void MariadbSink::close() {
    inserter_.reset();
    connection_.reset();
}

SinkResult<Connected> MariadbSink::connect(const LaneName& lane, const mapping::Mapping& mapping) {
    close();
    lane_ = OpenLane{};
    lane_.name = lane;
    lane_.rows = TableRows(mapping);
    auto opened = Connection::open(options_, waiter_);
    if (!opened) {
        return pass_on(opened);
    }
    if (opened->is_in_clear() && !std::exchange(warned_of_clear_text_, true)) {
        spdlog::warn("{}", clear_text_warning(kEncrypted));
    }
    auto connected = set_up(take(std::move(*opened)), mapping);
    if (!connected || any_misfit(*connected)) {
        close();
    }
    if (!connected) {
        return std::unexpected(error_of_setup(std::move(connected.error())));
    }
    return unless_none_fits(std::move(*connected), mapping);
}

SinkResult<Connected> MariadbSink::set_up(Connection& connection, const mapping::Mapping& mapping) {
    if (auto created = create_bookkeeping(connection, lane_.name); !created) {
        return pass_on(created);
    }
    Connected connected;
    for (const auto& table : mapping.tables()) {
        TablePlan& plan = lane_.plans.emplace_back();
        plan.table = table.get();
        PreparedTable& here = connected.tables.emplace_back();
        if (table->elsewhere) {
            continue;
        }
        auto prepared = plan.prepare(connection);
        if (!prepared && prepared.error().failure == Failure::reconnect) {
            return pass_on(prepared);
        }
        if (!prepared) {
            connection.roll_back();
            here.misfit = error_of_setup(std::move(prepared.error()));
            continue;
        }
        here = std::move(*prepared);
        warnings_.log(table->name, warnings_about(*table, plan.found));
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
    connection.roll_back();
    return connected;
}

SinkResult<std::vector<std::string>> MariadbSink::inspect(const mapping::Mapping& mapping) {
    auto connection = Connection::open(options_, waiter_);
    if (!connection) {
        return pass_on(connection);
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

SinkResult<PreparedTable> MariadbSink::extend(const mapping::Table& table) {
    if (!connection_) {
        return fail(Failure::reconnect, "not connected to MariaDB");
    }
    const auto plan = std::ranges::find(lane_.plans, &table, &TablePlan::table);
    FOZ_CHECK(plan != lane_.plans.end());
    return plan->prepare(*connection_);
}

// The table at hand, unless the error is about all of the database.
std::optional<std::size_t> MariadbSink::table_to_blame(
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

SinkResult<Written> MariadbSink::write(
    const mapping::RowBatch& batch, std::size_t first, std::size_t last, const Commit& commit
) {
    if (!connection_ || !inserter_) {
        return fail(Failure::reconnect, "not connected to MariaDB");
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
        if (written.error().failure == Failure::refused && shapes_have_changed(*connection_)) {
            return fail(Failure::schema, "a table was changed while foz was writing");
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

SinkResult<Audit> MariadbSink::audit(
    const std::string& journal, std::span<const std::unique_ptr<mapping::Table>> tables
) {
    if (!connection_) {
        auto opened = Connection::open(options_, waiter_);
        if (!opened) {
            return pass_on(opened);
        }
        take(std::move(*opened));
    }
    FOZ_CHECK(connection_.has_value());
    Connection& connection = *connection_;
    const auto read = [&]() -> SinkResult<Audit> {
        auto begun = connection.run(
            "COMMIT; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; "
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
        );
        if (!begun) {
            return pass_on(begun);
        }
        auto lanes = read_lanes(connection, journal);
        if (!lanes) {
            return pass_on(lanes);
        }
        auto foreign = read_foreign(connection, journal);
        if (!foreign) {
            return pass_on(foreign);
        }
        Audit audit{.lanes = std::move(*lanes), .rows = {}, .foreign = std::move(*foreign)};
        for (const auto& table : tables) {
            auto found = read_table(connection, table->name);
            if (!found) {
                return pass_on(found);
            }
            if (!*found) {
                audit.rows.push_back(0);
                continue;
            }
            auto count =
                connection.run_at_length("SELECT count(*) FROM " + quoted_table(table->name));
            if (!count) {
                return pass_on(count);
            }
            audit.rows.push_back(std::stoull(count->front().rows[0][0].value_or("0")));
        }
        return audit;
    };
    auto result = read();
    connection.roll_back();
    return result;
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
