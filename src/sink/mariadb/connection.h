// SPDX-License-Identifier: Apache-2.0
// libmariadb, with errors as SinkError. One thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <mysql.h>

#include "base/clock.h"
#include "sink/mariadb/dialect.h"
#include "sink/mariadb/url.h"
#include "sink/socket_waiter.h"
#include "sink/sql_session.h"

namespace foz::sink::mariadb {

/// The answers to a few statements: rows of text (nullopt is NULL), and the counts of the others.
struct Answer {
    std::vector<std::vector<std::optional<std::string>>> rows;
    /// Of a SELECT: name, type, length and scale of its columns, as the server announced them.
    std::string shape;
    std::uint64_t matched = 0;    // of an UPDATE: rows that its condition chose
    bool in_transaction = false;  // after the statement, as the server says
};

/// An open connection in a session that foz has set up: strict SQL, UTC, UTF-8, no autocommit.
/// Closed by the destructor. A server that is silent for options.answer_timeout, or when the
/// socket waiter is at its end, counts as a lost connection.
class Connection final : public SqlSession {
  public:
    /// Tries the hosts of the URL in order, each for at most options.connect_timeout; of several,
    /// one that is read-only is skipped. Any failure is FailureKind::retry. `waiter` must outlive
    /// the connection.
    [[nodiscard]] static SinkResult<Connection> open(
            const SinkOptions& options, SocketWaiter& waiter);

    /// Runs one or more statements; one answer for each.
    [[nodiscard]] SinkResult<std::vector<Answer>> run(const std::string& sql);
    /// The same for a statement that may rightly take hours: silence has no limit.
    [[nodiscard]] SinkResult<std::vector<Answer>> run_at_length(const std::string& sql);

    SinkResult<void> execute(const std::string& sql, std::string_view failure) override;
    SinkResult<std::vector<TextRow>> rows_of(
            const std::string& sql, std::string_view failure) override;
    SinkResult<std::vector<TextRow>> rows_of_long(
            const std::string& sql, std::string_view failure) override;
    SinkResult<void> begin_setup() override { return {}; }  // CREATE and ALTER TABLE commit
    SinkResult<void> begin_snapshot() override;
    SinkResult<void> begin_step() override { return {}; }
    SinkResult<void> end_step(bool keep) override;
    void roll_back() override;
    /// FailureKind::in_doubt when the connection was lost on the way.
    [[nodiscard]] SinkResult<void> commit() override;
    const OwnTablesSql& own_tables() const override { return own_tables_sql(); }

    /// Logs what the server warned of with its last answer, each warning once for a connection.
    /// Asks for it once a minute at most.
    void note_warnings();

    /// Carries out a call of libmariadb's non-blocking interface, as mysql_NAME_start and
    /// mysql_NAME_cont are: `result = proceed(mysql_commit_start, mysql_commit_cont, handle())`.
    template <class Value, class Object, class... Parameters, class... Arguments>
    Value proceed(int (*start)(Value*, Object*, Parameters...), int (*go_on)(Value*, Object*, int),
            Object* object, Arguments... arguments) {
        Value value{};
        int wanted = start(&value, object, arguments...);
        while (wanted != 0) {
            wanted = go_on(&value, object, wait(wanted));
        }
        return value;
    }

    /// The last error of the connection or of a statement of it.
    [[nodiscard]] SinkError error() const;
    [[nodiscard]] SinkError error_in(MYSQL_STMT* statement) const;

    /// Lost because the server said nothing.
    [[nodiscard]] bool silent() const { return gave_up_; }

    [[nodiscard]] MYSQL* handle() const { return handle_.get(); }
    [[nodiscard]] bool is_mysql() const;
    /// As the server said with its last answer.
    [[nodiscard]] bool in_transaction() const;
    /// What to say when it is not, although a write is under way: FailureKind::reconnect. A Galera
    /// node that loses its cluster can answer OK to an INSERT that it has rolled back.
    [[nodiscard]] static std::unexpected<SinkError> transaction_is_gone();
    /// Whether a prepared statement may be executed for many rows at once.
    [[nodiscard]] bool takes_bulk() const;
    [[nodiscard]] std::size_t packet_bytes_max() const { return packet_bytes_max_; }
    /// Whether others can read what is sent, on its way.
    [[nodiscard]] bool is_in_clear() const;

  private:
    struct Close {
        void operator()(MYSQL* connection) const { mysql_close(connection); }
    };
    Connection(MYSQL* handle, SocketWaiter& waiter, std::chrono::milliseconds answer_timeout)
        : handle_(handle), waiter_(&waiter), answer_timeout_(answer_timeout) {}
    [[nodiscard]] static SinkResult<Connection> open_at(
            const Url& url, const Host& host, const SinkOptions& options, SocketWaiter& waiter);
    [[nodiscard]] SinkResult<void> connect(
            const Url& url, const Host& host, const std::string& password);
    [[nodiscard]] SinkResult<void> set_up_session();
    void watch_over_network() const;
    /// Waits for the events of libmariadb's; yields those that have come, or its time-out.
    [[nodiscard]] int wait(int wanted);
    [[nodiscard]] SinkError error_of(
            unsigned number, std::string_view sqlstate, std::string_view message) const;

    std::unique_ptr<MYSQL, Close> handle_;
    SocketWaiter* waiter_;
    std::optional<std::chrono::milliseconds> answer_timeout_;  // nothing: for run_at_length
    bool gave_up_ = false;                                     // the server was silent for too long
    bool has_other_hosts_ = false;  // to go to when this one turns read-only
    bool is_read_only_ = false;     // when the session was set up
    std::size_t packet_bytes_max_ = 1 << 20;
    std::set<std::string> warnings_;  // that were logged
    SteadyTime asks_for_warnings_after_;
};

}  // namespace foz::sink::mariadb
