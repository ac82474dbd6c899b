// SPDX-License-Identifier: Apache-2.0
// libpq, with errors as SinkError. One thread.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <libpq-fe.h>

#include "sink/postgres/dialect.h"
#include "sink/socket_waiter.h"
#include "sink/sql_session.h"

namespace foz::sink::postgres {

struct FreeResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using QueryResult = std::unique_ptr<PGresult, FreeResult>;

/// The text of a field; "" for null.
[[nodiscard]] inline std::string_view field(const QueryResult& result, int row, int column) {
    return {PQgetvalue(result.get(), row, column),
        static_cast<std::size_t>(PQgetlength(result.get(), row, column))};
}

[[nodiscard]] inline bool is_true(const QueryResult& result, int row, int column) {
    return field(result, row, column) == "t";
}

/// A number that the server itself wrote.
[[nodiscard]] std::int64_t number(const QueryResult& result, int row, int column);

/// What the server has said beside its answers. Warnings are logged, each once for a connection.
struct Warnings {
    std::string last;  // on one line; "": none since it was cleared
    std::set<std::string> logged;
};

/// An open connection, closed by the destructor. A server that is silent for
/// options.answer_timeout, or when the socket waiter is at its end, counts as a lost connection.
class Connection final : public SqlSession {
  public:
    /// Connects and sets the session up; takes at most options.connect_timeout for each address of
    /// the host. Among several hosts in the URL it takes the one that accepts writes. Any failure
    /// is FailureKind::retry. `waiter` must outlive the connection.
    [[nodiscard]] static SinkResult<Connection> open(
            const SinkOptions& options, SocketWaiter& waiter);

    /// Runs one or more statements; yields the result of the last.
    [[nodiscard]] SinkResult<QueryResult> run(const std::string& sql);
    /// The same for a statement that may rightly take hours: silence has no limit.
    [[nodiscard]] SinkResult<QueryResult> run_at_length(const std::string& sql);

    SinkResult<void> execute(const std::string& sql, std::string_view failure) override;
    SinkResult<std::vector<TextRow>> rows_of(
            const std::string& sql, std::string_view failure) override;
    SinkResult<std::vector<TextRow>> rows_of_long(
            const std::string& sql, std::string_view failure) override;
    SinkResult<void> begin_setup() override;
    SinkResult<void> begin_snapshot() override {
        return execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "");
    }
    SinkResult<void> begin_step() override { return execute("SAVEPOINT foz_step", ""); }
    SinkResult<void> end_step(bool keep) override;
    const OwnTablesSql& own_tables() const override { return own_tables_sql(); }

    /// Begins a transaction, with what it needs set for it alone: behind a pooler in transaction
    /// mode the next one may have another session. Read committed, whatever the database's default
    /// is: the guards at the end of a write must see what others have committed since it began. A
    /// table that somebody holds is known as such after some seconds (55P03).
    [[nodiscard]] const std::string& begin() const { return begin_; }
    /// COMMIT. FailureKind::in_doubt when the connection was lost on the way, and when the server
    /// warned: it has committed then, but has given up waiting for the standby that
    /// synchronous_standby_names asks for. Connecting again takes a commit of its own, which waits
    /// until the standby has this one too.
    [[nodiscard]] SinkResult<void> commit() override;

    /// Starts one or more statements, whose results next_result() yields one by one.
    [[nodiscard]] SinkResult<void> send(const std::string& sql);
    /// The next result; null when all have been read; an error when the statement failed.
    [[nodiscard]] SinkResult<QueryResult> next_result();
    /// Reads and drops results until there are none.
    void drain();

    /// In COPY: false when the connection is lost.
    [[nodiscard]] bool put(std::string_view bytes);
    /// Ends COPY; with a reason: so that the server drops what it was sent.
    [[nodiscard]] bool put_end(const char* reason = nullptr);

    /// After a failure: rolls back what was begun. The connection may be lost; that is not an
    /// error.
    void roll_back() override;

    /// Lost because the server said nothing.
    [[nodiscard]] bool silent() const { return gave_up_; }
    [[nodiscard]] bool lost() const { return gave_up_ || PQstatus(handle_.get()) != CONNECTION_OK; }
    /// Whether others can read what is sent, on its way.
    [[nodiscard]] bool is_in_clear() const;
    /// Why the connection is lost.
    [[nodiscard]] SinkError loss() const;
    /// Where the last error happened, as the server told it; for line_in_context.
    [[nodiscard]] const std::string& error_context() const { return error_context_; }

  private:
    struct Close {
        void operator()(PGconn* connection) const { PQfinish(connection); }
    };
    Connection(PGconn* handle, SocketWaiter& waiter, std::chrono::milliseconds answer_timeout)
        : warnings_(std::make_unique<Warnings>()),
          handle_(handle),
          waiter_(&waiter),
          answer_timeout_(answer_timeout) {}
    [[nodiscard]] SinkError error_of(const PGresult* result);
    [[nodiscard]] SinkResult<void> set_up_session();
    /// Waits for the socket; false when the server was silent for too long.
    [[nodiscard]] bool wait(short events);
    /// Sends what libpq has kept; false when the connection is lost.
    [[nodiscard]] bool flush();
    /// Waits until PQgetResult has something to say; false when the server was silent.
    [[nodiscard]] bool await_result();

    std::unique_ptr<Warnings> warnings_;  // libpq has its address
    std::unique_ptr<PGconn, Close> handle_;
    SocketWaiter* waiter_;
    std::optional<std::chrono::milliseconds> answer_timeout_;  // nothing: for run_at_length
    bool gave_up_ = false;                                     // the server was silent for too long
    std::string error_context_;
    std::string begin_;
    bool limits_lock_waits_ = false;  // by itself
};

/// The line of COPY into `table` (without schema) that an error context names, from 1; nothing when
/// the context is about something else. In whatever language the server speaks.
[[nodiscard]] std::optional<std::size_t> line_in_context(
        std::string_view context, std::string_view table);

}  // namespace foz::sink::postgres
