// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/connection.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include <poll.h>

#include "base/log.h"
#include "base/redaction.h"
#include "sink/clear_text.h"
#include "sink/postgres/rights.h"
#include "sink/postgres/sqlstate.h"

namespace foz::sink::postgres {
namespace {

constexpr std::size_t kMessageBytesMax = 400;

/// libpq says a cause and what to do about it on lines of their own.
std::string on_one_line(std::string_view text) {
    std::string line;
    for (const char one : text.substr(0, kMessageBytesMax)) {
        const bool space = one == '\n' || one == '\t' || one == ' ';
        if (!space) {
            line += one;
        } else if (!line.empty() && !line.ends_with(' ')) {
            line += ' ';
        }
    }
    if (line.ends_with(' ')) {
        line.pop_back();
    }
    return line;
}

std::string_view part(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text != nullptr ? text : "";
}

bool in_url(const std::string& url, std::string_view keyword) {
    const std::string pattern = std::string(keyword) + "=";
    return url.find("?" + pattern) != std::string::npos ||
           url.find("&" + pattern) != std::string::npos;
}

// What a session is like: the last column is whether a pooler stands between.
constexpr std::string_view kAsk =
        "SELECT pg_catalog.current_setting('synchronous_commit') = 'off', (SELECT setting::bigint "
        "BETWEEN 1 AND 5000 FROM pg_catalog.pg_settings WHERE name = 'lock_timeout'), "
        "pg_catalog.pg_backend_pid()";

// One foz at a time creates tables: CREATE TABLE IF NOT EXISTS is not safe against itself. The
// number is "foz".
constexpr std::string_view kSetupLock = "SELECT pg_catalog.pg_advisory_xact_lock(6713210)";

constexpr std::string_view kLockLimit = "; SET LOCAL lock_timeout = 5000";

// The other way round: when foz or its machine is gone, the server ends what foz had begun, which
// holds the lock on the lane's cursor. Otherwise it may take two hours to notice.
constexpr std::string_view kWatchClient =
        "SELECT pg_catalog.set_config(name, wanted, false) FROM pg_catalog.pg_settings JOIN "
        "(VALUES ('client_connection_check_interval', '10s'), ('tcp_user_timeout', '30s'), "
        "('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', "
        "'3')) AS v (name, wanted) USING (name)";

// Notices and what is below them are nobody's business here.
void note_warning(void* warnings, const PGresult* notice) {
    constexpr std::size_t kLoggedMax = 100;
    if (part(notice, PG_DIAG_SEVERITY_NONLOCALIZED) != "WARNING") {
        return;
    }
    auto& known = *static_cast<Warnings*>(warnings);
    known.last = on_one_line(part(notice, PG_DIAG_MESSAGE_PRIMARY));
    if (known.logged.size() < kLoggedMax && known.logged.insert(known.last).second) {
        spdlog::warn("PostgreSQL warns: {} [{}]", known.last, part(notice, PG_DIAG_SQLSTATE));
    }
}

}  // namespace

std::int64_t number(const QueryResult& result, int row, int column) {
    const std::string_view text = field(result, row, column);
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

SinkResult<Connection> Connection::open(const SinkOptions& options, SocketWaiter& waiter) {
    const auto seconds = std::max(std::chrono::seconds(2),
            std::chrono::ceil<std::chrono::seconds>(options.connect_timeout));
    const std::string timeout = std::to_string(seconds.count());
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    const auto set = [&](const char* keyword, const char* value) {
        if (!in_url(options.url, keyword)) {
            keywords.push_back(keyword);
            values.push_back(value);
        }
    };
    set("connect_timeout", timeout.c_str());
    set("fallback_application_name", "foz");
    // A server that vanished without a word is noticed within half a minute, also in the middle of
    // a write.
    set("keepalives_idle", "10");
    set("keepalives_interval", "5");
    set("keepalives_count", "3");
    set("tcp_user_timeout", "30000");
    set("target_session_attrs", "read-write");
    // Last, so that what the URL says counts over the settings above; the password file counts over
    // the URL.
    keywords.push_back("dbname");
    values.push_back(options.url.c_str());
    if (!options.password.empty()) {
        keywords.push_back("password");
        values.push_back(options.password.c_str());
    }
    keywords.push_back("client_encoding");
    values.push_back("UTF8");
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    Connection connection(
            PQconnectdbParams(keywords.data(), values.data(), 1), waiter, options.answer_timeout);
    if (connection.lost()) {
        SinkError error = connection.loss();
        error.failure = FailureKind::retry;
        error.message = redacted_message(error.message, options.url, options.password);
        return std::unexpected(std::move(error));
    }
    PQsetNoticeReceiver(connection.handle_.get(), note_warning, connection.warnings_.get());
    PQsetnonblocking(connection.handle_.get(), 1);
    if (auto ready = connection.set_up_session(); !ready) {
        return std::unexpected(std::move(ready.error()));
    }
    return connection;
}

SinkResult<void> Connection::set_up_session() {
    const auto session = run(std::string(kAsk));
    if (!session) {
        return std::unexpected(session.error());
    }
    begin_ = "BEGIN ISOLATION LEVEL READ COMMITTED";
    // With synchronous_commit off the server could forget a commit that it has confirmed.
    begin_ += is_true(*session, 0, 0) ? "; SET LOCAL synchronous_commit = on" : "";
    limits_lock_waits_ = is_true(*session, 0, 1);
    begin_ += limits_lock_waits_ ? "" : kLockLimit;
    // A pooler tells its clients numbers of its own, and rolls back what they leave behind.
    if (number(*session, 0, 2) != PQbackendPID(handle_.get())) {
        return {};
    }
    // A server on another system than Linux may not take these; it does without.
    if (auto done = run(std::string(kWatchClient)); !done && lost()) {
        return std::unexpected(std::move(done.error()));
    }
    return {};
}

SinkResult<void> Connection::begin_setup() {
    // The lock may take its time.
    return execute(fmt::format("{}; SET LOCAL lock_timeout = 0; {}{}", begin_, kSetupLock,
                           limits_lock_waits_ ? "; SET LOCAL lock_timeout TO DEFAULT" : kLockLimit),
            "");
}

SinkResult<void> Connection::end_step(bool keep) {
    if (lost()) {
        return {};
    }
    // Steps may be inside of others: rolled back, a savepoint would still hide the outer one.
    return execute(keep ? "RELEASE SAVEPOINT foz_step"
                        : "ROLLBACK TO SAVEPOINT foz_step; RELEASE SAVEPOINT foz_step",
            "");
}

SinkResult<void> Connection::execute(const std::string& sql, std::string_view /*failure*/) {
    auto done = run(sql);
    return done ? SinkResult<void>{} : pass_on(done);
}

namespace {

SinkResult<std::vector<TextRow>> rows_in(SinkResult<QueryResult> answer) {
    if (!answer) {
        return pass_on(answer);
    }
    std::vector<TextRow> rows(static_cast<std::size_t>(PQntuples(answer->get())));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const int row = static_cast<int>(i);
        for (int column = 0; column < PQnfields(answer->get()); ++column) {
            auto& cell = rows[i].emplace_back();
            if (PQgetisnull(answer->get(), row, column) == 0) {
                cell = field(*answer, row, column);
            }
        }
    }
    return rows;
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

SinkResult<QueryResult> Connection::run(const std::string& sql) {
    if (auto sent = send(sql); !sent) {
        return pass_on(sent);
    }
    QueryResult last;
    while (true) {
        auto result = next_result();
        if (!result) {
            drain();
            return result;
        }
        if (!*result) {
            return last;
        }
        last = std::move(*result);
    }
}

SinkResult<QueryResult> Connection::run_at_length(const std::string& sql) {
    const auto usual = std::exchange(answer_timeout_, std::nullopt);
    auto result = run(sql);
    answer_timeout_ = usual;
    return result;
}

SinkResult<void> Connection::commit() {
    warnings_->last.clear();
    auto committed = run("COMMIT");
    if (!committed) {
        // An error that ends the connection does not say whether it came before or after the
        // commit.
        if (committed.error().failure == FailureKind::reconnect) {
            committed.error().failure = FailureKind::in_doubt;
        }
        return pass_on(committed);
    }
    if (std::string_view(PQcmdStatus(committed->get())) != "COMMIT") {
        return fail(FailureKind::retry, "PostgreSQL rolled the transaction back");
    }
    if (!warnings_->last.empty()) {
        return fail(
                FailureKind::in_doubt, "PostgreSQL warned while it committed: {}", warnings_->last);
    }
    return {};
}

bool Connection::wait(short events) {
    gave_up_ = waiter_->wait(PQsocket(handle_.get()), events, answer_timeout_) == 0;
    return !gave_up_;
}

bool Connection::flush() {
    int unsent = PQflush(handle_.get());
    while (unsent > 0) {
        // A server that has something to say may not read on before it was heard.
        if (!wait(POLLIN | POLLOUT) || PQconsumeInput(handle_.get()) == 0) {
            return false;
        }
        unsent = PQflush(handle_.get());
    }
    return unsent == 0;
}

bool Connection::await_result() {
    if (!flush() && gave_up_) {
        return false;
    }
    while (PQisBusy(handle_.get()) == 1) {
        if (!wait(POLLIN)) {
            return false;
        }
        if (PQconsumeInput(handle_.get()) == 0) {
            break;  // PQgetResult tells why
        }
    }
    return true;
}

SinkResult<void> Connection::send(const std::string& sql) {
    if (PQsendQuery(handle_.get(), sql.c_str()) != 1) {
        return std::unexpected(loss());
    }
    return {};
}

SinkResult<QueryResult> Connection::next_result() {
    if (!await_result()) {
        return std::unexpected(loss());
    }
    QueryResult result(PQgetResult(handle_.get()));
    const ExecStatusType status = PQresultStatus(result.get());
    if (result && (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE)) {
        return std::unexpected(error_of(result.get()));
    }
    return result;
}

void Connection::drain() {
    while (!gave_up_ && await_result()) {
        const QueryResult result(PQgetResult(handle_.get()));
        if (!result) {
            return;
        }
        if (PQresultStatus(result.get()) == PGRES_COPY_IN && !put_end("foz stopped writing")) {
            return;
        }
    }
}

bool Connection::put(std::string_view bytes) {
    return PQputCopyData(handle_.get(), bytes.data(), static_cast<int>(bytes.size())) == 1 &&
           flush();
}

bool Connection::put_end(const char* reason) {
    return PQputCopyEnd(handle_.get(), reason) == 1;
}

void Connection::roll_back() {
    drain();
    if (!lost() && PQtransactionStatus(handle_.get()) != PQTRANS_IDLE) {
        static_cast<void>(run("ROLLBACK"));
    }
}

bool Connection::is_in_clear() const {
    return PQsslInUse(handle_.get()) == 0 && is_beyond_loopback(PQsocket(handle_.get()));
}

SinkError Connection::loss() const {
    if (gave_up_) {
        return silence_error("PostgreSQL", *waiter_, answer_timeout_);
    }
    return {FailureKind::reconnect, "", on_one_line(PQerrorMessage(handle_.get())), std::nullopt};
}

SinkError Connection::error_of(const PGresult* result) {
    const std::string_view sqlstate = part(result, PG_DIAG_SQLSTATE);
    if (result == nullptr || sqlstate.empty()) {
        return loss();
    }
    SinkError error{failure_of(sqlstate), std::string(sqlstate), "", std::nullopt};
    if (part(result, PG_DIAG_SEVERITY_NONLOCALIZED) == "FATAL" || lost()) {
        error.failure = FailureKind::reconnect;
    }
    // Not the detail: it quotes the row.
    error.message = on_one_line(part(result, PG_DIAG_MESSAGE_PRIMARY));
    if (sqlstate == kInsufficientPrivilege) {
        const char* user = PQuser(handle_.get());
        error.message += grant_for(error.message, user != nullptr ? user : "");
    }
    error_context_ = part(result, PG_DIAG_CONTEXT);
    return error;
}

std::optional<std::size_t> line_in_context(std::string_view context, std::string_view table) {
    // "COPY temperature, line 3, column dh". The context of COPY is the outermost: the last line,
    // but the name of a table or column may itself hold line ends.
    const std::string start = "COPY " + std::string(table) + ",";
    const auto found = context.rfind(start);
    if (found == std::string_view::npos || (found > 0 && context[found - 1] != '\n')) {
        return std::nullopt;
    }
    const std::string_view rest = context.substr(found + start.size());
    const auto digits = rest.find_first_of("0123456789");
    if (digits == std::string_view::npos) {
        return std::nullopt;
    }
    std::size_t value = 0;
    std::from_chars(rest.data() + digits, rest.data() + rest.size(), value);
    return value > 0 ? std::optional(value) : std::nullopt;
}

}  // namespace foz::sink::postgres
