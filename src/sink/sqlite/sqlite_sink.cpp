// SPDX-License-Identifier: Apache-2.0
#include "sink/sqlite/sqlite_sink.h"

#include <algorithm>
#include <filesystem>

#include <sqlite3.h>
#include <sys/stat.h>

#include "sink/sqlite/sqlite_catalogue.h"
#include "sink/sqlite/sqlite_dialect.h"
#include "sink/sqlite/sqlite_failure.h"
#include "sink/sqlite/timestamp_text.h"
#include "state/sqlite_connection.h"

namespace foz::sink::sqlite {

namespace {

using mapping::ColumnType;
using mapping::Row;
using mapping::Value;
using state::SqliteConnection;
using state::SqliteError;
using state::SqliteResult;
using state::Statement;
using state::Transaction;

constexpr const char* kOwnTables =
    "CREATE TABLE IF NOT EXISTS foz_cursor (journal TEXT NOT NULL, lane TEXT NOT NULL,"
    " position INTEGER NOT NULL, ordinal INTEGER NOT NULL, PRIMARY KEY (journal, lane)) WITHOUT "
    "ROWID;"
    "CREATE TABLE IF NOT EXISTS foz_ledger (journal TEXT NOT NULL, lane TEXT NOT NULL,"
    " route TEXT NOT NULL, stored INTEGER NOT NULL, duplicate INTEGER NOT NULL, dead INTEGER NOT "
    "NULL,"
    " PRIMARY KEY (journal, lane, route)) WITHOUT ROWID";

constexpr std::string_view kSaveCursor =
    "INSERT INTO foz_cursor VALUES (?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET position = excluded.position, ordinal = excluded.ordinal";
constexpr std::string_view kSaveLedger =
    "INSERT INTO foz_ledger VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET stored = stored + excluded.stored,"
    " duplicate = duplicate + excluded.duplicate, dead = dead + excluded.dead";

std::unexpected<SinkError> failed(const SqliteError& error, std::string_view doing) {
    return std::unexpected(failure_of(error, doing));
}

LedgerLine ledger_line_from(const Statement& row) {
    LedgerLine line;
    line.route = row.text(1);
    line.stored = static_cast<std::uint64_t>(row.integer(2));
    line.duplicate = static_cast<std::uint64_t>(row.integer(3));
    line.dead = row.integer(4);
    return line;
}

class SqliteSink final : public Sink {
  public:
    explicit SqliteSink(std::filesystem::path file) : file_(std::move(file)) {}

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
    struct RouteInsert {
        std::string name;
        const mapping::Table* table = nullptr;
        Statement insert;
        std::size_t columns = 0;  // of `insert`
    };

    [[nodiscard]] SinkResult<void> open(bool read_only);
    [[nodiscard]] SinkResult<std::vector<mapping::Column>> settle_table(const mapping::Table& table
    );
    [[nodiscard]] SinkResult<void> prepare_inserts(const mapping::Table* only);
    [[nodiscard]] SinkResult<void> prepare_bookkeeping();
    [[nodiscard]] SqliteResult<std::vector<LaneState>> lanes_of(const std::string& journal);
    [[nodiscard]] SinkResult<void> check_file_is_the_one_opened() const;
    [[nodiscard]] SinkResult<void> insert_rows(
        const mapping::RowBatch& batch, std::size_t first, std::size_t last, Written& written
    );
    [[nodiscard]] SqliteResult<void> bind(RouteInsert& route, std::span<const Value> cells);
    [[nodiscard]] SqliteResult<void> save_progress(const Commit& commit, const Written& written);

    const std::filesystem::path file_;
    SqliteConnection connection_;
    struct stat opened_{};
    LaneName lane_;
    std::vector<RouteInsert> routes_;
    Statement save_cursor_;
    Statement save_ledger_;
    std::vector<TimestampText>
        timestamps_;  // one for each column: they live until the row is inserted
};

SinkResult<void> SqliteSink::open(bool read_only) {
    close();
    auto opened = SqliteConnection::open(file_, {.read_only = read_only});
    if (!opened) {
        return failed(opened.error(), fmt::format("cannot open {}", file_.string()));
    }
    connection_ = std::move(*opened);
    if (::stat(file_.c_str(), &opened_) != 0) {
        opened_ = {};
    }
    return {};
}

SinkResult<Connected> SqliteSink::connect(const LaneName& lane, const mapping::Mapping& mapping) {
    if (auto opened = open(false); !opened) {
        return std::unexpected(std::move(opened.error()));
    }
    lane_ = lane;
    auto transaction = Transaction::begin_write(connection_);
    if (!transaction) {
        return failed(transaction.error(), "cannot begin");
    }
    if (auto made = connection_.execute(kOwnTables); !made) {
        return failed(made.error(), "cannot create foz_cursor and foz_ledger");
    }
    Connected connected;
    for (const auto& table : mapping.tables()) {
        auto columns = settle_table(*table);
        if (!columns) {
            return std::unexpected(std::move(columns.error()));
        }
        connected.columns.push_back(std::move(*columns));
    }
    auto lanes = lanes_of(lane.journal);
    if (!lanes) {
        return failed(lanes.error(), "cannot read foz_cursor");
    }
    for (LaneState& state : *lanes) {
        if (state.lane == lane.lane) {
            connected.cursor = state.cursor;
            connected.ledger = std::move(state.ledger);
        }
    }
    if (auto committed = transaction->commit(); !committed) {
        return std::unexpected(commit_failure_of(committed.error()));
    }
    for (const mapping::RouteInfo& route : mapping.routes()) {
        routes_.push_back({route.name, route.table, {}, 0});
    }
    if (auto prepared = prepare_inserts(nullptr); !prepared) {
        return std::unexpected(std::move(prepared.error()));
    }
    if (auto prepared = prepare_bookkeeping(); !prepared) {
        return std::unexpected(std::move(prepared.error()));
    }
    return connected;
}

SinkResult<std::vector<std::string>> SqliteSink::inspect(const mapping::Mapping& mapping) {
    std::vector<std::string> lines;
    if (!std::filesystem::exists(file_)) {
        for (const auto& table : mapping.tables()) {
            lines.push_back(fmt::format("table {}: will be created, in a new file", table->name));
        }
        return lines;
    }
    if (auto opened = open(true); !opened) {
        return std::unexpected(std::move(opened.error()));
    }
    for (const auto& table : mapping.tables()) {
        auto existing = columns_of(connection_, table->name);
        if (!existing) {
            return failed(existing.error(), "cannot read the catalogue");
        }
        if (existing->empty()) {
            lines.push_back(fmt::format("table {}: will be created", table->name));
            continue;
        }
        auto unique = has_unique_key(connection_, table->name, table->key);
        if (!unique) {
            return failed(unique.error(), "cannot read the catalogue");
        }
        if (auto reason = misfit(*table, *existing, *unique)) {
            return std::unexpected(SinkError{Failure::refused, "", *reason, std::nullopt});
        }
        lines.push_back(fmt::format("table {}: fits", table->name));
    }
    return lines;
}

// Creates the table, or checks it and adds the columns that an inferred one lacks. What it has
// then.
SinkResult<std::vector<mapping::Column>> SqliteSink::settle_table(const mapping::Table& table) {
    auto existing = columns_of(connection_, table.name);
    if (!existing) {
        return failed(existing.error(), "cannot read the catalogue");
    }
    if (existing->empty()) {
        if (table.columns.empty()) {
            return {};  // inferred, and nothing has been received yet
        }
        if (auto made = connection_.execute(dialect().create_table(table)); !made) {
            return failed(made.error(), fmt::format("cannot create table {}", table.name));
        }
        return table.columns;
    }
    auto unique = has_unique_key(connection_, table.name, table.key);
    if (!unique) {
        return failed(unique.error(), "cannot read the catalogue");
    }
    if (auto reason = misfit(table, *existing, *unique)) {
        return std::unexpected(SinkError{Failure::refused, "", *reason, std::nullopt});
    }
    std::vector<mapping::Column> columns;
    for (const CatalogueColumn& column : *existing) {
        if (column.type) {
            columns.push_back({column.name, *column.type, !column.must_be_given});
        }
    }
    for (const mapping::Column& column : table.columns) {
        const auto is_it = [&](const CatalogueColumn& there) {
            return same_name(there.name, column.name);
        };
        if (std::ranges::none_of(*existing, is_it)) {
            if (auto added = connection_.execute(dialect().add_column(table, column)); !added) {
                return failed(
                    added.error(), fmt::format("cannot add {} to {}", column.name, table.name)
                );
            }
            columns.push_back(column);
        }
    }
    return columns;
}

SinkResult<void> SqliteSink::prepare_inserts(const mapping::Table* only) {
    for (RouteInsert& route : routes_) {
        if (route.table->columns.empty() || (only != nullptr && route.table != only)) {
            continue;
        }
        auto insert = connection_.prepare(dialect().insert(*route.table));
        if (!insert) {
            return failed(insert.error(), fmt::format("cannot insert into {}", route.table->name));
        }
        route.insert = std::move(*insert);
        route.columns = route.table->columns.size();
        timestamps_.resize(std::max(timestamps_.size(), route.columns));
    }
    return {};
}

SinkResult<void> SqliteSink::prepare_bookkeeping() {
    for (auto [statement, sql] :
         {std::pair(&save_cursor_, kSaveCursor), std::pair(&save_ledger_, kSaveLedger)}) {
        auto prepared = connection_.prepare(sql);
        if (!prepared) {
            return failed(prepared.error(), "cannot write foz_cursor and foz_ledger");
        }
        *statement = std::move(*prepared);
    }
    return {};
}

SinkResult<void> SqliteSink::extend(const mapping::Table& table) {
    auto transaction = Transaction::begin_write(connection_);
    if (!transaction) {
        return failed(transaction.error(), "cannot begin");
    }
    if (auto settled = settle_table(table); !settled) {
        return std::unexpected(std::move(settled.error()));
    }
    if (auto committed = transaction->commit(); !committed) {
        return std::unexpected(commit_failure_of(committed.error()));
    }
    return prepare_inserts(&table);
}

SinkResult<Written> SqliteSink::write(
    const mapping::RowBatch& batch, std::size_t first, std::size_t last, const Commit& commit
) {
    if (auto same = check_file_is_the_one_opened(); !same) {
        return std::unexpected(std::move(same.error()));
    }
    auto transaction = Transaction::begin_write(connection_);
    if (!transaction) {
        return failed(transaction.error(), "cannot begin");
    }
    Written written;
    written.stored.resize(routes_.size());
    written.duplicate.resize(routes_.size());
    if (auto inserted = insert_rows(batch, first, last, written); !inserted) {
        return std::unexpected(std::move(inserted.error()));
    }
    if (auto saved = save_progress(commit, written); !saved) {
        SinkError error = failure_of(saved.error(), "cannot write foz_cursor and foz_ledger");
        if (error.failure == Failure::refused) {
            error.failure = Failure::schema;  // no reading is to blame for foz's own tables
        }
        return std::unexpected(std::move(error));
    }
    if (auto committed = transaction->commit(); !committed) {
        return std::unexpected(commit_failure_of(committed.error()));
    }
    return written;
}

// SQLite goes on writing into a file that was deleted or replaced: readings stored there would be
// gone.
SinkResult<void> SqliteSink::check_file_is_the_one_opened() const {
    struct stat now{};
    if (::stat(file_.c_str(), &now) == 0 && now.st_ino == opened_.st_ino &&
        now.st_dev == opened_.st_dev) {
        return {};
    }
    return std::unexpected(SinkError{
        Failure::reconnect,
        "",
        fmt::format("{} was moved, deleted or replaced", file_.string()),
        std::nullopt
    });
}

SinkResult<void> SqliteSink::insert_rows(
    const mapping::RowBatch& batch, std::size_t first, std::size_t last, Written& written
) {
    const auto rows = batch.rows();
    for (std::size_t i = first; i < last; ++i) {
        RouteInsert& route = routes_[rows[i].route];
        auto bound = bind(route, batch.cells(rows[i]));
        if (bound) {
            bound = route.insert.run();
        }
        if (!bound) {
            SinkError error =
                failure_of(bound.error(), fmt::format("cannot insert into {}", route.table->name));
            error.row = i - first;
            return std::unexpected(std::move(error));
        }
        // Only a row whose key is there already changes nothing.
        const bool stored = route.table->key.empty() || connection_.changes() > 0;
        ++(stored ? written.stored : written.duplicate)[rows[i].route];
    }
    return {};
}

SqliteResult<void> SqliteSink::bind(RouteInsert& route, std::span<const Value> cells) {
    for (std::size_t i = 0; i < route.columns; ++i) {
        const int parameter = static_cast<int>(i) + 1;
        if (i >= cells.size() || cells[i].is_null()) {
            route.insert.bind_null(parameter);
            continue;
        }
        const Value& cell = cells[i];
        switch (cell.type()) {
            case ColumnType::integer:
            case ColumnType::boolean: route.insert.bind(parameter, cell.integer()); break;
            case ColumnType::real: route.insert.bind(parameter, cell.real()); break;
            case ColumnType::timestamp: {
                const auto text = timestamps_[i].of(cell.timestamp());
                if (!text) {
                    return std::unexpected(SqliteError{
                        SQLITE_MISMATCH,
                        fmt::format(
                            "the time in column {} is not in the years 0 to 9999",
                            route.table->columns[i].name
                        )
                    });
                }
                route.insert.bind(parameter, *text);
                break;
            }
            case ColumnType::decimal:
            case ColumnType::text:
            case ColumnType::json: route.insert.bind(parameter, cell.text()); break;
        }
    }
    return {};
}

SqliteResult<void> SqliteSink::save_progress(const Commit& commit, const Written& written) {
    save_cursor_.bind(1, lane_.journal);
    save_cursor_.bind(2, lane_.lane);
    save_cursor_.bind(3, static_cast<std::int64_t>(commit.cursor.position));
    save_cursor_.bind(4, static_cast<std::int64_t>(commit.cursor.ordinal));
    if (auto saved = save_cursor_.run(); !saved) {
        return saved;
    }
    for (std::size_t route = 0; route < routes_.size(); ++route) {
        const std::int64_t dead = route < commit.dead.size() ? commit.dead[route] : 0;
        if (written.stored[route] == 0 && written.duplicate[route] == 0 && dead == 0) {
            continue;
        }
        save_ledger_.bind(1, lane_.journal);
        save_ledger_.bind(2, lane_.lane);
        save_ledger_.bind(3, routes_[route].name);
        save_ledger_.bind(4, static_cast<std::int64_t>(written.stored[route]));
        save_ledger_.bind(5, static_cast<std::int64_t>(written.duplicate[route]));
        save_ledger_.bind(6, dead);
        if (auto saved = save_ledger_.run(); !saved) {
            return saved;
        }
    }
    return {};
}

SqliteResult<std::vector<LaneState>> SqliteSink::lanes_of(const std::string& journal) {
    std::vector<LaneState> lanes;
    auto cursors = connection_.prepare(
        "SELECT lane, position, ordinal FROM foz_cursor WHERE journal = ? ORDER BY lane"
    );
    if (!cursors) {
        return std::unexpected(std::move(cursors.error()));
    }
    cursors->bind(1, journal);
    while (true) {
        auto row = cursors->step();
        if (!row) {
            return std::unexpected(std::move(row.error()));
        }
        if (!*row) {
            break;
        }
        LaneState& state = lanes.emplace_back();
        state.lane = cursors->text(0);
        state.cursor = {
            static_cast<std::uint64_t>(cursors->integer(1)),
            static_cast<std::uint32_t>(cursors->integer(2))
        };
    }
    auto ledger = connection_.prepare(
        "SELECT lane, route, stored, duplicate, dead FROM foz_ledger WHERE journal = ? ORDER BY "
        "route"
    );
    if (!ledger) {
        return std::unexpected(std::move(ledger.error()));
    }
    ledger->bind(1, journal);
    while (true) {
        auto row = ledger->step();
        if (!row) {
            return std::unexpected(std::move(row.error()));
        }
        if (!*row) {
            return lanes;
        }
        const auto lane = std::ranges::find(lanes, ledger->text(0), &LaneState::lane);
        if (lane != lanes.end()) {
            lane->ledger.push_back(ledger_line_from(*ledger));
        }
    }
}

SinkResult<Audit> SqliteSink::audit(
    const std::string& journal, std::span<const std::unique_ptr<mapping::Table>> tables
) {
    Audit audit;
    audit.rows.resize(tables.size());
    if (!connection_.is_open()) {
        if (!std::filesystem::exists(file_)) {
            return audit;
        }
        if (auto opened = open(true); !opened) {
            return std::unexpected(std::move(opened.error()));
        }
    }
    auto transaction = Transaction::begin_read(connection_);
    if (!transaction) {
        return failed(transaction.error(), "cannot begin");
    }
    auto own_tables = columns_of(connection_, "foz_cursor");
    if (!own_tables) {
        return failed(own_tables.error(), "cannot read the catalogue");
    }
    if (!own_tables->empty()) {
        auto lanes = lanes_of(journal);
        if (!lanes) {
            return failed(lanes.error(), "cannot read foz_cursor");
        }
        audit.lanes = std::move(*lanes);
    }
    for (std::size_t i = 0; i < tables.size(); ++i) {
        auto columns = columns_of(connection_, tables[i]->name);
        if (!columns) {
            return failed(columns.error(), "cannot read the catalogue");
        }
        if (columns->empty()) {
            continue;
        }
        auto rows = connection_.integer_of(
            fmt::format("SELECT count(*) FROM {}", dialect().quoted(tables[i]->name))
        );
        if (!rows) {
            return failed(
                rows.error(), fmt::format("cannot count the rows of {}", tables[i]->name)
            );
        }
        audit.rows[i] = static_cast<std::uint64_t>(*rows);
    }
    return audit;
}

void SqliteSink::close() {
    routes_.clear();
    save_cursor_ = {};
    save_ledger_ = {};
    connection_ = {};
}

constexpr std::string_view kScheme = "sqlite";

Result<std::unique_ptr<Sink>> make(const SinkOptions& options) {
    std::string_view path = options.url;
    if (!path.starts_with("sqlite:")) {
        return fail(ErrorCode::invalid, "the URL of a SQLite database is sqlite:PATH");
    }
    path.remove_prefix(kScheme.size() + 1);
    if (path.starts_with("//")) {
        path.remove_prefix(2);
    }
    if (path.empty() || path.ends_with('/')) {
        return fail(
            ErrorCode::invalid,
            "\"{}\" names no file; write sqlite:PATH, or sqlite:///absolute/path",
            options.url
        );
    }
    return std::make_unique<SqliteSink>(path);
}

}  // namespace

const SinkKind& kind() {
    static const SinkKind sqlite{kScheme, []() -> const Dialect& { return dialect(); }, make};
    return sqlite;
}

}  // namespace foz::sink::sqlite
