// SPDX-License-Identifier: Apache-2.0
#include "sink/sqlite/sqlite_sink.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include <sys/stat.h>

#include "base/check.h"
#include "sink/misfits.h"
#include "sink/sql_sink.h"
#include "sink/sqlite/bookkeeping.h"
#include "sink/sqlite/row_inserter.h"
#include "sink/sqlite/sqlite_catalogue.h"
#include "sink/sqlite/sqlite_dialect.h"
#include "sink/sqlite/sqlite_failure.h"
#include "sink/sqlite/sqlite_session.h"
#include "sink/sqlite/table_setup.h"
#include "sink/table_fit.h"
#include "sink/table_warnings.h"

namespace foz::sink::sqlite {

namespace {

using state::SqliteConnection;
using state::Transaction;

class SqliteSink final : public SqlSink {
  public:
    explicit SqliteSink(std::filesystem::path file)
        : SqlSink(dialect().name()), file_(std::move(file)) {}

    SinkResult<Connected> connect(const LaneName& lane, const mapping::Mapping& mapping) override;
    SinkResult<std::vector<std::string>> inspect(const mapping::Mapping& mapping) override;
    SinkResult<PreparedTable> extend(const mapping::Table& table) override;
    SinkResult<Written> write(const mapping::RowBatch& batch, std::size_t first, std::size_t last,
            const Commit& commit) override;
    SinkResult<Audit> audit(const std::string& journal,
            std::span<const std::unique_ptr<mapping::Table>> tables) override;
    void close() override;
    void end_waits_at(SteadyTime /*deadline*/) override {}  // a file's locks are waited for briefly

  private:
    SinkResult<void> open(Access access) override;
    SqliteSession& open_session() {
        FOZ_CHECK(session_.has_value());
        return *session_;
    }
    SqlSession* session() override { return session_ ? &*session_ : nullptr; }
    SinkResult<TablePreparation> prepare_table(const mapping::Table& table) override;
    bool is_of_table(const SinkError& error) const override;
    SinkResult<std::string> describe_table(const mapping::Table& table) override;
    SinkResult<std::string> find_table(const std::string& name) override;

    [[nodiscard]] SinkResult<void> check_file_is_the_one_opened() const;

    const std::filesystem::path file_;
    std::optional<SqliteSession> session_;
    struct stat opened_{};
    // After connect():
    std::optional<RowInserter> inserter_;
    std::optional<Bookkeeping> books_;
};

SinkResult<void> SqliteSink::open(Access access) {
    auto opened = SqliteConnection::open(file_, {.read_only = access == Access::read});
    if (!opened) {
        return failed(opened.error(), fmt::format("cannot open {}", file_.string()));
    }
    session_.emplace(std::move(*opened));
    if (::stat(file_.c_str(), &opened_) != 0) {
        opened_ = {};
    }
    return {};
}

SinkResult<Connected> SqliteSink::connect(const LaneName& lane, const mapping::Mapping& mapping) {
    auto connected = SqlSink::connect(lane, mapping);
    if (!connected || any_misfit(*connected)) {
        return connected;
    }
    inserter_.emplace(open_session().connection(), mapping, lane);
    for (std::size_t i = 0; i < connected->tables.size(); ++i) {
        // What is refused the table does not want for long: extend() comes again without it.
        if (!connected->tables[i].refused.empty()) {
            continue;
        }
        if (auto prepared = inserter_->prepare(*mapping.tables()[i]); !prepared) {
            return pass_on(prepared);
        }
    }
    auto books = Bookkeeping::prepare(open_session().connection(), lane,
            {connected->cursor, connected->mark.writer}, mapping.route_names());
    if (!books) {
        return pass_on(books);
    }
    books_ = std::move(*books);
    return connected;
}

SinkResult<TablePreparation> SqliteSink::prepare_table(const mapping::Table& table) {
    auto prepared = sqlite::prepare_table(open_session(), table);
    if (!prepared) {
        return pass_on(prepared);
    }
    auto warnings = warnings_about(open_session().connection(), table);
    if (!warnings) {
        return pass_on(warnings);
    }
    return TablePreparation{.table = std::move(*prepared), .warnings = std::move(*warnings)};
}

// Any other is about the file, which has all tables.
bool SqliteSink::is_of_table(const SinkError& error) const {
    return error.failure == FailureKind::blocked || error.failure == FailureKind::schema;
}

SinkResult<std::vector<std::string>> SqliteSink::inspect(const mapping::Mapping& mapping) {
    if (std::filesystem::exists(file_)) {
        return SqlSink::inspect(mapping);
    }
    std::vector<std::string> lines;
    for (const auto& table : mapping.tables()) {
        lines.push_back(
                with_warnings(fmt::format("table {}: will be created, in a new file", table->name),
                        warnings_of_new(*table)));
    }
    return lines;
}

SinkResult<std::string> SqliteSink::describe_table(const mapping::Table& table) {
    return sqlite::describe_table(open_session().connection(), table);
}

SinkResult<PreparedTable> SqliteSink::extend(const mapping::Table& table) {
    if (!inserter_) {
        return not_connected();
    }
    auto prepared = SqlSink::extend(table);
    if (!prepared || !prepared->refused.empty()) {
        return prepared;  // as in connect()
    }
    if (auto inserts = inserter_->prepare(table); !inserts) {
        return pass_on(inserts);
    }
    return prepared;
}

SinkResult<Written> SqliteSink::write(
        const mapping::RowBatch& batch, std::size_t first, std::size_t last, const Commit& commit) {
    if (!inserter_ || !books_) {
        return not_connected();
    }
    if (auto same = check_file_is_the_one_opened(); !same) {
        return pass_on(same);
    }
    auto transaction = Transaction::begin_write(open_session().connection());
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
    return fail(FailureKind::reconnect, "{} was moved, deleted or replaced", file_.string());
}

SinkResult<Audit> SqliteSink::audit(
        const std::string& journal, std::span<const std::unique_ptr<mapping::Table>> tables) {
    if (session_ || std::filesystem::exists(file_)) {
        return SqlSink::audit(journal, tables);
    }
    Audit audit;
    audit.rows.resize(tables.size());
    return audit;
}

SinkResult<std::string> SqliteSink::find_table(const std::string& name) {
    const auto columns = columns_of(open_session().connection(), name);
    if (!columns) {
        return failed(columns.error(), "cannot read the catalogue");
    }
    return columns->empty() ? "" : dialect().quoted(name);
}

void SqliteSink::close() {
    inserter_.reset();
    books_.reset();
    session_.reset();
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
        return fail(ErrorCode::invalid,
                "\"{}\" names no file; write sqlite:PATH, or sqlite:///absolute/path", options.url);
    }
    return std::make_unique<SqliteSink>(path);
}

}  // namespace

const SinkKind& kind() {
    static const SinkKind sqlite{kScheme, []() -> const Dialect& { return dialect(); }, make};
    return sqlite;
}

}  // namespace foz::sink::sqlite
