// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/connection.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include <errmsg.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/printable.h"
#include "base/redaction.h"
#include "sink/clear_text.h"
#include "sink/mariadb/encryption.h"
#include "sink/mariadb/error_number.h"
#include "sink/mariadb/rights.h"
#include "sink/mariadb/url.h"

namespace foz::sink::mariadb {
namespace {

constexpr std::string_view kSession =
        "SET SESSION sql_mode = "
        "'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_"
        "SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', autocommit = 0, lc_messages = "
        "'en_US', foreign_key_checks = 1, unique_checks = 1"
        // When foz or its machine is gone without a word, MariaDB ends what foz had begun, which
        // holds the lock on the lane's cursor.
        "/*M! , idle_transaction_timeout = 60 */; "
        // A table that somebody holds is known as such after some seconds, not after a day.
        "SET SESSION lock_wait_timeout = LEAST(@@lock_wait_timeout, 5), innodb_lock_wait_timeout = "
        "LEAST(@@innodb_lock_wait_timeout, 5); SET SESSION TRANSACTION ISOLATION LEVEL READ "
        "COMMITTED; SELECT @@max_allowed_packet, @@read_only";

constexpr std::size_t kMessageBytesMax = 400;

// Of libmariadb's non-blocking calls, which also look up names and shake hands over TLS there.
constexpr std::size_t kStackBytes = 512 << 10;

void add_field(const MYSQL_FIELD& field, std::string& shape) {
    shape += fmt::format("{} {} {} {} {};", field.org_name, static_cast<int>(field.type),
            field.length, field.decimals, field.flags & (UNSIGNED_FLAG | NOT_NULL_FLAG));
}

// "Rows matched: 1  Changed: 0  Warnings: 0". The count of affected rows lacks those that have the
// new values already.
std::uint64_t matched_rows(const char* info) {
    constexpr std::string_view kStart = "Rows matched: ";
    const std::string_view text = info != nullptr ? info : "";
    std::uint64_t rows = 0;
    if (text.starts_with(kStart)) {
        std::from_chars(text.data() + kStart.size(), text.data() + text.size(), rows);
    }
    return rows;
}

Answer answer_of(MYSQL* connection, MYSQL_RES* rows) {
    Answer answer;
    if (rows == nullptr) {
        answer.matched = matched_rows(mysql_info(connection));
        return answer;
    }
    const unsigned columns = mysql_num_fields(rows);
    for (unsigned i = 0; i < columns; ++i) {
        add_field(*mysql_fetch_field_direct(rows, i), answer.shape);
    }
    while (MYSQL_ROW row = mysql_fetch_row(rows)) {
        const unsigned long* lengths = mysql_fetch_lengths(rows);
        auto& cells = answer.rows.emplace_back();
        for (unsigned i = 0; i < columns; ++i) {
            if (row[i] == nullptr) {
                cells.emplace_back(std::nullopt);
            } else {
                cells.emplace_back(std::string(row[i], lengths[i]));
            }
        }
    }
    mysql_free_result(rows);
    return answer;
}

}  // namespace

SinkResult<Connection> Connection::open(const SinkOptions& options, SocketWaiter& waiter) {
    const auto url = parse_url(options.url);
    if (!url) {
        return std::unexpected(SinkError{FailureKind::retry, "",
            redacted_message(url.error().message, options.url), std::nullopt});
    }
    if (url->hosts.size() == 1) {
        return open_at(*url, url->hosts.front(), options, waiter);
    }
    std::string tried;
    for (const Host& host : url->hosts) {
        auto connection = open_at(*url, host, options, waiter);
        if (connection && !connection->is_read_only_) {
            connection->has_other_hosts_ = true;
            return connection;
        }
        tried += fmt::format("{}{}:{}: {}", tried.empty() ? "" : "; ", host.name, host.port,
                connection ? "is read-only" : connection.error().message);
    }
    return fail(FailureKind::retry, "none of the database's hosts can be written to: {}", tried);
}

SinkResult<Connection> Connection::open_at(
        const Url& url, const Host& host, const SinkOptions& options, SocketWaiter& waiter) {
    Connection connection(mysql_init(nullptr), waiter, options.answer_timeout);
    MYSQL* handle = connection.handle();
    mysql_options(handle, MYSQL_OPT_NONBLOCK, &kStackBytes);
    mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_optionsv(handle, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "foz");
    const std::string& password = options.password.empty() ? url.password : options.password;
    connection.answer_timeout_ = options.connect_timeout;
    auto ready = connection.connect(url, host, password);
    if (ready) {
        connection.watch_over_network();
        connection.answer_timeout_ = options.answer_timeout;
        ready = connection.set_up_session();
    }
    if (!ready) {
        ready.error().failure = FailureKind::retry;
        ready.error().message = redacted_message(ready.error().message, options.url, password);
        return std::unexpected(std::move(ready.error()));
    }
    return connection;
}

SinkResult<void> Connection::connect(
        const Url& url, const Host& host, const std::string& password) {
    const Encryption encryption(url, host);
    if (auto good = encryption.prepare(handle()); !good) {
        return good;
    }
    const MYSQL* connected = proceed(mysql_real_connect_start, mysql_real_connect_cont, handle(),
            host.name.c_str(), url.user.empty() ? nullptr : url.user.c_str(), password.c_str(),
            url.database.c_str(), host.port, url.socket.empty() ? nullptr : url.socket.c_str(),
            static_cast<unsigned long>(CLIENT_MULTI_STATEMENTS));
    if (connected == nullptr) {
        SinkError failed = error();
        failed.message += encryption.hint_for(mysql_errno(handle()));
        return std::unexpected(std::move(failed));
    }
    return encryption.check(handle());
}

int Connection::wait(int wanted) {
    short events = 0;
    events |= (wanted & MYSQL_WAIT_READ) != 0 ? POLLIN : 0;
    events |= (wanted & MYSQL_WAIT_WRITE) != 0 ? POLLOUT : 0;
    events |= (wanted & MYSQL_WAIT_EXCEPT) != 0 ? POLLPRI : 0;
    const int ready = waiter_->wait(mysql_get_socket(handle()), events, answer_timeout_);
    if (ready == 0) {
        gave_up_ = true;
        return MYSQL_WAIT_TIMEOUT;
    }
    int come = 0;
    come |= (ready & POLLIN) != 0 ? MYSQL_WAIT_READ : 0;
    come |= (ready & POLLOUT) != 0 ? MYSQL_WAIT_WRITE : 0;
    come |= (ready & POLLPRI) != 0 ? MYSQL_WAIT_EXCEPT : 0;
    // An error of the socket is found by whatever is tried next.
    return come != 0 ? come : wanted & ~MYSQL_WAIT_TIMEOUT;
}

SinkError Connection::error() const {
    return error_of(mysql_errno(handle()), mysql_sqlstate(handle()), mysql_error(handle()));
}

SinkError Connection::error_in(MYSQL_STMT* statement) const {
    return error_of(mysql_stmt_errno(statement), mysql_stmt_sqlstate(statement),
            mysql_stmt_error(statement));
}

SinkError Connection::error_of(
        unsigned number, std::string_view sqlstate, std::string_view message) const {
    if (gave_up_) {
        return silence_error("MariaDB", *waiter_, answer_timeout_);
    }
    constexpr unsigned kReadOnlyOption = 1290;  // --read-only, which may also be another option
    constexpr unsigned kReadOnlyMode = 1836;
    const bool goes_elsewhere =
            has_other_hosts_ && (number == kReadOnlyOption || number == kReadOnlyMode);
    return {goes_elsewhere ? FailureKind::reconnect : failure_of(number, sqlstate),
        std::to_string(number),
        std::string(message.substr(0, kMessageBytesMax)) + grant_for(number, message),
        std::nullopt};
}

// A server that vanished without a word is noticed within half a minute, also in the middle of a
// write.
void Connection::watch_over_network() const {
    const int socket = mysql_get_socket(handle());
    const auto set = [&](int level, int name, int value) {
        ::setsockopt(socket, level, name, &value,
                sizeof value);  // fails on a Unix socket, which needs none of it
    };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set(IPPROTO_TCP, TCP_KEEPCNT, 3);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
}

SinkResult<void> Connection::set_up_session() {
    auto answers = run(std::string(kSession));
    if (!answers) {
        return pass_on(answers);
    }
    const std::string text = answers->back().rows[0][0].value_or("");
    std::from_chars(text.data(), text.data() + text.size(), packet_bytes_max_);
    const std::string read_only = answers->back().rows[0][1].value_or("0");
    is_read_only_ = read_only != "0" && read_only != "OFF";
    return {};
}

SinkResult<std::vector<Answer>> Connection::run(const std::string& sql) {
    std::vector<Answer> answers;
    int more = proceed(
            mysql_real_query_start, mysql_real_query_cont, handle(), sql.data(), sql.size());
    while (more == 0) {
        MYSQL_RES* rows = proceed(mysql_store_result_start, mysql_store_result_cont, handle());
        if (rows == nullptr && mysql_field_count(handle()) > 0) {
            break;
        }
        answers.push_back(answer_of(handle(), rows));
        answers.back().in_transaction = in_transaction();
        more = proceed(mysql_next_result_start, mysql_next_result_cont, handle());
    }
    if (mysql_errno(handle()) != 0) {
        return std::unexpected(error());
    }
    return answers;
}

SinkResult<std::vector<Answer>> Connection::run_at_length(const std::string& sql) {
    const auto usual = std::exchange(answer_timeout_, std::nullopt);
    auto answers = run(sql);
    answer_timeout_ = usual;
    return answers;
}

void Connection::note_warnings() {
    constexpr std::size_t kLoggedMax = 100;
    constexpr std::chrono::minutes kInterval{1};
    // What MySQL 8 thinks of VALUES(), which MariaDB has no other word for.
    constexpr std::string_view kDeprecated = "1287";
    const SteadyTime now = real_clock().steady_now();
    if (now < asks_for_warnings_after_) {
        return;
    }
    asks_for_warnings_after_ = now + kInterval;
    const auto answers = run("SHOW WARNINGS");
    if (!answers) {
        return;  // an error of the connection comes again with whatever is tried next
    }
    for (const auto& row : answers->front().rows) {
        if (row.size() < 3 || row[0] != "Warning" || row[1] == kDeprecated) {
            continue;
        }
        const std::string text = printable(row[2].value_or(""));
        if (warnings_.size() < kLoggedMax && warnings_.insert(text).second) {
            spdlog::warn("MariaDB warns: {} [{}]", text, row[1].value_or(""));
        }
    }
}

SinkResult<void> Connection::execute(const std::string& sql, std::string_view /*failure*/) {
    auto done = run(sql);
    return done ? SinkResult<void>{} : pass_on(done);
}

namespace {

SinkResult<std::vector<TextRow>> rows_in(SinkResult<std::vector<Answer>> answers) {
    if (!answers) {
        return pass_on(answers);
    }
    return std::move(answers->back().rows);
}

}  // namespace

SinkResult<std::vector<TextRow>> Connection::rows_of(
        const std::string& sql, std::string_view /*failure*/
) {
    return rows_in(run(sql));
}

SinkResult<std::vector<TextRow>> Connection::rows_of_long(
        const std::string& sql, std::string_view /*failure*/
) {
    return rows_in(run_at_length(sql));
}

SinkResult<void> Connection::begin_snapshot() {
    return execute(
            "COMMIT; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH "
            "CONSISTENT SNAPSHOT, READ ONLY",
            "");
}

SinkResult<void> Connection::end_step(bool keep) {
    if (keep) {
        return execute("COMMIT", "");
    }
    roll_back();
    return {};
}

void Connection::roll_back() {
    proceed(mysql_rollback_start, mysql_rollback_cont, handle());
}

SinkResult<void> Connection::commit() {
    if (proceed(mysql_commit_start, mysql_commit_cont, handle()) == 0) {
        return {};
    }
    SinkError failed = error();
    if (failed.failure == FailureKind::reconnect) {
        failed.failure = FailureKind::in_doubt;
    }
    return std::unexpected(std::move(failed));
}

bool Connection::is_mysql() const {
    const char* version = mysql_get_server_info(handle());
    return version != nullptr && std::strstr(version, "MariaDB") == nullptr;
}

bool Connection::in_transaction() const {
    unsigned status = 0;
    mariadb_get_infov(handle(), MARIADB_CONNECTION_SERVER_STATUS, &status);
    return (status & SERVER_STATUS_IN_TRANS) != 0;
}

std::unexpected<SinkError> Connection::transaction_is_gone() {
    return fail(FailureKind::reconnect,
            "the server answered OK, but has ended the transaction by itself, as a Galera node "
            "does that loses its cluster: all of it is written again");
}

bool Connection::is_in_clear() const {
    return mysql_get_ssl_cipher(handle()) == nullptr &&
           is_beyond_loopback(mysql_get_socket(handle()));
}

bool Connection::takes_bulk() const {
    unsigned long capabilities = 0;
    mariadb_get_infov(handle(), MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &capabilities);
    return !is_mysql() && (capabilities & (MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32)) != 0;
}

}  // namespace foz::sink::mariadb
