// SPDX-License-Identifier: Apache-2.0
#include "sink/sqlite/sqlite_sink.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include <sys/stat.h>

#include "base/log.h"
#include "sink/misfits.h"
#include "sink/sqlite/bookkeeping.h"
#include "sink/sqlite/row_inserter.h"
#include "sink/sqlite/sqlite_dialect.h"
#include "sink/sqlite/sqlite_failure.h"
#include "sink/sqlite/table_setup.h"
#include "sink/table_fit.h"
#include "sink/table_warnings.h"
#include "state/sqlite_connection.h"

namespace foz::sink::sqlite {

namespace {

using state::SqliteConnection;
using state::Transaction;

class SqliteSink final : public Sink {
  public:
    explicit SqliteSink(std::filesystem::path file) : file_(std::move(file)) {}

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
    void end_waits_at(SteadyTime /*deadline*/) override {}  // a file's locks are waited for briefly

  private:
    [[nodiscard]] SinkResult<void> open(bool read_only);
    [[nodiscard]] SinkResult<Connected> prepare(
        const LaneName& lane, const mapping::Mapping& mapping
    );
    [[nodiscard]] SinkResult<void> check_file_is_the_one_opened() const;

    const std::filesystem::path file_;
    SqliteConnection connection_;
    struct stat opened_{};
    // After connect():
    std::optional<RowInserter> inserter_;
    std::optional<Bookkeeping> books_;
    TableWarnings warnings_;
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
        return pass_on(opened);
    }
    auto connected = prepare(lane, mapping);
    if (!connected || any_misfit(*connected)) {
        close();
        return connected ? unless_none_fits(std::move(*connected), mapping) : std::move(connected);
    }
    inserter_.emplace(connection_, mapping, lane);
    for (std::size_t i = 0; i < connected->tables.size(); ++i) {
        // What is refused the table does not want for long: extend() comes again without it.
        if (!connected->tables[i].refused.empty()) {
            continue;
        }
        if (auto prepared = inserter_->prepare(*mapping.tables()[i]); !prepared) {
            return pass_on(prepared);
        }
    }
    auto books = Bookkeeping::prepare(
        connection_, lane, {connected->cursor, connected->mark.writer}, mapping.route_names()
    );
    if (!books) {
        return pass_on(books);
    }
    books_ = std::move(*books);
    return connected;
}

// Makes the tables what the routes want, and reads what is there then: in one transaction.
SinkResult<Connected> SqliteSink::prepare(const LaneName& lane, const mapping::Mapping& mapping) {
    auto transaction = Transaction::begin_write(connection_);
    if (!transaction) {
        return failed(transaction.error(), "cannot begin");
    }
    if (auto created = create_bookkeeping(connection_, lane); !created) {
        return pass_on(created);
    }
    Connected connected;
    for (const auto& table : mapping.tables()) {
        PreparedTable& here = connected.tables.emplace_back();
        if (table->elsewhere) {
            continue;
        }
        auto prepared = prepare_table(connection_, *table);
        // Any other error is about the file, which has all tables.
        if (!prepared && prepared.error().failure != Failure::blocked &&
            prepared.error().failure != Failure::schema) {
            return pass_on(prepared);
        }
        if (!prepared) {
            here.misfit = std::move(prepared.error());
            continue;
        }
        here = std::move(*prepared);
        const auto warnings = warnings_about(connection_, *table);
        if (!warnings) {
            return std::unexpected(warnings.error());
        }
        warnings_.log(table->name, *warnings);
    }
    auto lanes = read_lanes(connection_, lane.journal);
    if (!lanes) {
        return pass_on(lanes);
    }
    const auto state = std::ranges::find(*lanes, lane.lane, &LaneState::lane);
    if (state != lanes->end()) {
        connected.cursor = state->cursor;
        connected.mark = std::move(state->mark);
        connected.ledger = std::move(state->ledger);
    }
    if (auto committed = transaction->commit(); !committed) {
        return std::unexpected(commit_failure_of(committed.error()));
    }
    return connected;
}

SinkResult<std::vector<std::string>> SqliteSink::inspect(const mapping::Mapping& mapping) {
    std::vector<std::string> lines;
    if (!std::filesystem::exists(file_)) {
        for (const auto& table : mapping.tables()) {
            lines.push_back(with_warnings(
                fmt::format("table {}: will be created, in a new file", table->name),
                warnings_of_new(*table)
            ));
        }
        return lines;
    }
    if (auto opened = open(true); !opened) {
        return pass_on(opened);
    }
    return describe_all(
        mapping,
        [&](const mapping::Table& table) { return describe_table(connection_, table); },
        {.lines = {}, .objections = {}}
    );
}

SinkResult<PreparedTable> SqliteSink::extend(const mapping::Table& table) {
    if (!inserter_) {
        return fail(Failure::reconnect, "not connected to SQLite");
    }
    auto transaction = Transaction::begin_write(connection_);
    if (!transaction) {
        return failed(transaction.error(), "cannot begin");
    }
    auto prepared = prepare_table(connection_, table);
    if (!prepared) {
        return prepared;
    }
    if (auto committed = transaction->commit(); !committed) {
        return std::unexpected(commit_failure_of(committed.error()));
    }
    if (!prepared->refused.empty()) {
        return prepared;  // as in connect()
    }
    if (auto inserts = inserter_->prepare(table); !inserts) {
        return pass_on(inserts);
    }
    return prepared;
}

SinkResult<Written> SqliteSink::write(
    const mapping::RowBatch& batch, std::size_t first, std::size_t last, const Commit& commit
) {
    if (!inserter_ || !books_) {
        return fail(Failure::reconnect, "not connected to SQLite");
    }
    if (auto same = check_file_is_the_one_opened(); !same) {
        return pass_on(same);
    }
    auto transaction = Transaction::begin_write(connection_);
    if (!transaction) {
        return failed(transaction.error(), "cannot begin");
    }
    auto written = inserter_->insert(batch, first, last);
    if (!written) {
        return written;
    }
    if (auto saved = books_->save(commit, *written); !saved) {
        return pass_on(saved);
    }
    if (commit.before_commit) {
        if (auto kept = commit.before_commit(); !kept) {
            return pass_on(kept);
        }
    }
    if (auto committed = transaction->commit(); !committed) {
        return std::unexpected(commit_failure_of(committed.error()));
    }
    books_->note_commit(commit);
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
    return fail(Failure::reconnect, "{} was moved, deleted or replaced", file_.string());
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
            return pass_on(opened);
        }
    }
    auto transaction = Transaction::begin_read(connection_);
    if (!transaction) {
        return failed(transaction.error(), "cannot begin");
    }
    auto lanes = read_lanes(connection_, journal);
    if (!lanes) {
        return pass_on(lanes);
    }
    audit.lanes = std::move(*lanes);
    auto foreign = read_foreign(connection_, journal);
    if (!foreign) {
        return pass_on(foreign);
    }
    audit.foreign = std::move(*foreign);
    for (std::size_t i = 0; i < tables.size(); ++i) {
        auto rows = count_rows(connection_, tables[i]->name);
        if (!rows) {
            return pass_on(rows);
        }
        audit.rows[i] = *rows;
    }
    return audit;
}

void SqliteSink::close() {
    inserter_.reset();
    books_.reset();
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
