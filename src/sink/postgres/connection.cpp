// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/connection.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "sink/postgres/sqlstate.h"

namespace foz::sink::postgres {
namespace {

constexpr std::size_t kMessageBytesMax = 400;

std::string without_line_end(std::string_view text) {
    text = text.substr(0, kMessageBytesMax);
    while (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    return std::string(text);
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

void ignore_notice(void* /*unused*/, const PGresult* /*unused*/) {}

}  // namespace

std::int64_t number(const QueryResult& result, int row, int column) {
    const std::string_view text = field(result, row, column);
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

SinkResult<Connection> Connection::open(const SinkOptions& options) {
    const auto seconds = std::max(
        std::chrono::seconds(2), std::chrono::ceil<std::chrono::seconds>(options.connect_timeout)
    );
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
    Connection connection(PQconnectdbParams(keywords.data(), values.data(), 1));
    if (connection.lost()) {
        SinkError error = connection.loss();
        error.failure = Failure::retry;
        return std::unexpected(std::move(error));
    }
    PQsetNoticeReceiver(connection.handle_.get(), ignore_notice, nullptr);
    if (auto ready = connection.set_up_session(); !ready) {
        return std::unexpected(std::move(ready.error()));
    }
    return connection;
}

SinkResult<void> Connection::set_up_session() {
    // With synchronous_commit off the server could forget a commit that it has confirmed.
    auto done =
        run("SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') = 'off'");
    if (!done) {
        return std::unexpected(std::move(done.error()));
    }
    return {};
}

SinkResult<QueryResult> Connection::run(const std::string& sql) {
    QueryResult result(PQexec(handle_.get(), sql.c_str()));
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        return std::unexpected(error_of(result.get()));
    }
    return result;
}

SinkResult<void> Connection::send(const std::string& sql) {
    if (PQsendQuery(handle_.get(), sql.c_str()) != 1) {
        return std::unexpected(loss());
    }
    return {};
}

SinkResult<QueryResult> Connection::next_result() {
    QueryResult result(PQgetResult(handle_.get()));
    const ExecStatusType status = PQresultStatus(result.get());
    if (result && (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE)) {
        return std::unexpected(error_of(result.get()));
    }
    return result;
}

void Connection::drain() {
    while (QueryResult result{PQgetResult(handle_.get())}) {
        if (PQresultStatus(result.get()) == PGRES_COPY_IN && !put_end("foz stopped writing")) {
            return;
        }
    }
}

bool Connection::put(std::string_view bytes) {
    return PQputCopyData(handle_.get(), bytes.data(), static_cast<int>(bytes.size())) == 1;
}

bool Connection::put_end(const char* reason) {
    return PQputCopyEnd(handle_.get(), reason) == 1;
}

void Connection::roll_back() {
    drain();
    if (!lost() && PQtransactionStatus(handle_.get()) != PQTRANS_IDLE) {
        const QueryResult ignored(PQexec(handle_.get(), "ROLLBACK"));
    }
}

SinkError Connection::loss() const {
    return {Failure::reconnect, "", without_line_end(PQerrorMessage(handle_.get())), std::nullopt};
}

SinkError Connection::error_of(const PGresult* result) {
    const std::string_view sqlstate = part(result, PG_DIAG_SQLSTATE);
    if (result == nullptr || sqlstate.empty()) {
        return loss();
    }
    SinkError error{failure_of(sqlstate), std::string(sqlstate), "", std::nullopt};
    if (part(result, PG_DIAG_SEVERITY_NONLOCALIZED) == "FATAL" || lost()) {
        error.failure = Failure::reconnect;
    }
    // Not the detail: it quotes the row.
    error.message = without_line_end(part(result, PG_DIAG_MESSAGE_PRIMARY));
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
