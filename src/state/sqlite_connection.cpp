// SPDX-License-Identifier: Apache-2.0
#include "state/sqlite_connection.h"

#include <sqlite3.h>

namespace foz::state {

namespace {

ErrorCode error_code_for(int extended) {
    switch (extended & 0xFF) {
        case SQLITE_FULL: return ErrorCode::no_space;
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return ErrorCode::unavailable;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return ErrorCode::corrupt;
        case SQLITE_CANTOPEN: return ErrorCode::not_found;
        default: return ErrorCode::io;
    }
}

}  // namespace

Error to_error(const SqliteError& error, std::string_view what) {
    return {error_code_for(error.code),
        fmt::format("{}: {} (SQLite error {})", what, error.message, error.code)};
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

void Statement::bind_null(int parameter) {
    note(sqlite3_bind_null(statement_.get(), parameter));
}

void Statement::bind(int parameter, std::int64_t value) {
    note(sqlite3_bind_int64(statement_.get(), parameter, value));
}

void Statement::bind(int parameter, double value) {
    note(sqlite3_bind_double(statement_.get(), parameter, value));
}

void Statement::bind(int parameter, std::string_view text) {
    // A null pointer would be bound as NULL.
    const char* data = text.data() == nullptr ? "" : text.data();
    note(sqlite3_bind_text64(
            statement_.get(), parameter, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind_blob(int parameter, ByteView bytes) {
    const void* data = bytes.data() == nullptr ? static_cast<const void*>("") : bytes.data();
    note(sqlite3_bind_blob64(statement_.get(), parameter, data, bytes.size(), SQLITE_STATIC));
}

SqliteResult<bool> Statement::step() {
    if (bind_error_ != 0) {
        return failed(std::exchange(bind_error_, 0));
    }
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code == SQLITE_DONE) {
        reset();
        return false;
    }
    return failed(code);
}

SqliteResult<void> Statement::run() {
    while (true) {
        auto row = step();
        if (!row) {
            return std::unexpected(std::move(row.error()));
        }
        if (!*row) {
            return {};
        }
    }
}

void Statement::reset() {
    // Reports the error of the last step again, which step() has already done.
    static_cast<void>(sqlite3_reset(statement_.get()));
}

std::unexpected<SqliteError> Statement::failed(int code) {
    // The connection's message belongs to a bind only when it is the connection's last error too.
    sqlite3* connection = sqlite3_db_handle(statement_.get());
    const bool current = sqlite3_extended_errcode(connection) == code;
    SqliteError error{code, current ? sqlite3_errmsg(connection) : sqlite3_errstr(code)};
    reset();
    return std::unexpected(std::move(error));
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    if (data == nullptr) {
        return {};
    }
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

ByteView Statement::blob(int column) const {
    const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

int Statement::column_count() const {
    return sqlite3_column_count(statement_.get());
}

namespace {

std::string unchanging_uri(const std::filesystem::path& file) {
    std::string uri = "file:";
    for (const char letter : file.string()) {
        if (letter == '?' || letter == '#' || letter == '%') {
            uri += fmt::format("%{:02X}", static_cast<unsigned>(letter));
        } else {
            uri += letter;
        }
    }
    return uri + "?immutable=1";
}

}  // namespace

void SqliteConnection::Close::operator()(sqlite3* connection) const {
    // _v2: a statement that is still alive keeps the connection until it is finalized.
    sqlite3_close_v2(connection);
}

SqliteResult<SqliteConnection> SqliteConnection::open(
        const std::filesystem::path& file, const SqliteOpenOptions& options) {
    const int flags = (options.read_only ? SQLITE_OPEN_READONLY
                                         : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      (options.unchanging ? SQLITE_OPEN_URI : 0);
    sqlite3* raw = nullptr;
    const std::string name = options.unchanging ? unchanging_uri(file) : file.string();
    const int code = sqlite3_open_v2(name.c_str(), &raw, flags, nullptr);
    SqliteConnection connection;
    connection.connection_.reset(raw);
    if (code != SQLITE_OK) {
        return std::unexpected(connection.last_error(code));
    }
    sqlite3_busy_timeout(raw, static_cast<int>(options.busy_timeout.count()));
    const std::string pragmas =
            options.read_only
                    ? "PRAGMA query_only = 1"
                    : fmt::format("{}PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
                              options.gives_space_back ? "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA "
                                                         "secure_delete = FAST; "
                                                       : "");
    if (auto set = connection.execute(pragmas); !set) {
        return std::unexpected(std::move(set.error()));
    }
    return connection;
}

SqliteResult<void> SqliteConnection::execute(const std::string& sql) {
    const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return std::unexpected(last_error(code));
    }
    return {};
}

SqliteResult<Statement> SqliteConnection::prepare(std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
            SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    Statement statement(raw);
    if (code != SQLITE_OK) {
        return std::unexpected(last_error(code));
    }
    return statement;
}

SqliteResult<std::int64_t> SqliteConnection::integer_of(std::string_view sql) {
    auto statement = prepare(sql);
    if (!statement) {
        return std::unexpected(std::move(statement.error()));
    }
    auto row = statement->step();
    if (!row) {
        return std::unexpected(std::move(row.error()));
    }
    return *row ? statement->integer(0) : 0;
}

std::int64_t SqliteConnection::changes() const {
    return sqlite3_changes64(connection_.get());
}

bool SqliteConnection::in_transaction() const {
    return sqlite3_get_autocommit(connection_.get()) == 0;
}

SqliteError SqliteConnection::last_error(int code) const {
    if (connection_ == nullptr) {
        return {code, sqlite3_errstr(code)};
    }
    return {code, sqlite3_errmsg(connection_.get())};
}

SqliteResult<Transaction> Transaction::begin_write(SqliteConnection& connection) {
    if (auto begun = connection.execute("BEGIN IMMEDIATE"); !begun) {
        return std::unexpected(std::move(begun.error()));
    }
    return Transaction(connection);
}

SqliteResult<Transaction> Transaction::begin_read(SqliteConnection& connection) {
    if (auto begun = connection.execute("BEGIN"); !begun) {
        return std::unexpected(std::move(begun.error()));
    }
    return Transaction(connection);
}

Transaction::~Transaction() {
    // SQLite may have rolled back by itself (disk full): then there is nothing left to end.
    if (connection_ != nullptr && connection_->in_transaction()) {
        static_cast<void>(connection_->execute("ROLLBACK"));
    }
}

SqliteResult<void> Transaction::commit() {
    auto committed = connection_->execute("COMMIT");
    if (committed) {
        connection_ = nullptr;
    }
    return committed;
}

}  // namespace foz::state
