// SPDX-License-Identifier: Apache-2.0
// SQLite as foz uses it: one connection, prepared statements, transactions, and errors as values
// with SQLite's extended code. A thin layer: SQL is the caller's, values are always bound. A
// connection and its statements belong to one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace foz::state {

struct SqliteError {
    int code = 0;  // extended result code, such as SQLITE_CONSTRAINT_NOTNULL
    std::string message;
};

template <class T>
using SqliteResult = std::expected<T, SqliteError>;

/// As an Error for a person: `what` is what foz was doing, and to which file.
[[nodiscard]] Error to_error(const SqliteError& error, std::string_view what);

/// A prepared statement. The statement must not outlive its connection. Parameters and columns are
/// counted from 1 and from 0, as SQLite does. A bind that fails is reported by the next step().
class Statement {
  public:
    Statement() = default;
    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

    void bind_null(int parameter);
    void bind(int parameter, std::int64_t value);
    void bind(int parameter, double value);
    /// `text` and `bytes` must live until reset().
    void bind(int parameter, std::string_view text);
    void bind_blob(int parameter, ByteView bytes);

    /// True: there is a row to read. False: the statement has finished, and was reset.
    [[nodiscard]] SqliteResult<bool> step();
    /// Steps to the end, passing over rows.
    [[nodiscard]] SqliteResult<void> run();
    void reset();

    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string_view text(int column) const;  // valid until the next step or reset
    [[nodiscard]] ByteView blob(int column) const;          // the same
    [[nodiscard]] int column_count() const;

  private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    void note(int code) {
        if (code != 0 && bind_error_ == 0) {
            bind_error_ = code;
        }
    }
    [[nodiscard]] std::unexpected<SqliteError> failed(int code);

    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int bind_error_ = 0;
};

struct SqliteOpenOptions {
    std::chrono::milliseconds busy_timeout{5'000};
    bool read_only = false;   // the file must exist; nothing is created
    bool unchanging = false;  // with read_only: nobody has it open, and no file may be made beside
    // A new file can give pages that it no longer needs back to the disk (PRAGMA
    // incremental_vacuum), and deleting writes no more than it must.
    bool gives_space_back = false;
};

class SqliteConnection {
  public:
    /// Opens or creates the database file; in write-ahead-log mode and synchronous=FULL unless read
    /// only.
    [[nodiscard]] static SqliteResult<SqliteConnection> open(
            const std::filesystem::path& file, const SqliteOpenOptions& options);

    SqliteConnection() = default;  // not open

    [[nodiscard]] bool is_open() const { return connection_ != nullptr; }
    /// Runs SQL that has no parameters; several statements may follow one another.
    [[nodiscard]] SqliteResult<void> execute(const std::string& sql);
    [[nodiscard]] SqliteResult<Statement> prepare(std::string_view sql);
    /// Runs one statement to its end, whose parameters `bind(statement)` binds.
    template <class Bind>
    [[nodiscard]] SqliteResult<void> run(std::string_view sql, Bind bind) {
        return for_each_row(sql, bind, [](const Statement& /*row*/) {});
    }
    /// The same for a SELECT: calls `each(statement)` for every row.
    template <class Bind, class Each>
    [[nodiscard]] SqliteResult<void> for_each_row(std::string_view sql, Bind bind, Each each) {
        auto statement = prepare(sql);
        if (!statement) {
            return std::unexpected(std::move(statement.error()));
        }
        bind(*statement);
        while (true) {
            auto row = statement->step();
            if (!row) {
                return std::unexpected(std::move(row.error()));
            }
            if (!*row) {
                return {};
            }
            each(std::as_const(*statement));
        }
    }
    /// The first column of the first row, as a number; 0 if there is none.
    [[nodiscard]] SqliteResult<std::int64_t> integer_of(std::string_view sql);
    /// Rows that the last INSERT, UPDATE or DELETE changed.
    [[nodiscard]] std::int64_t changes() const;
    [[nodiscard]] bool in_transaction() const;

  private:
    struct Close {
        void operator()(sqlite3* connection) const;
    };
    [[nodiscard]] SqliteError last_error(int code) const;

    std::unique_ptr<sqlite3, Close> connection_;
};

/// A transaction: rolled back by the destructor unless commit() succeeded.
class Transaction {
  public:
    /// Takes the write lock at once ("BEGIN IMMEDIATE"), so that it cannot be refused halfway.
    [[nodiscard]] static SqliteResult<Transaction> begin_write(SqliteConnection& connection);
    /// All reads see one snapshot.
    [[nodiscard]] static SqliteResult<Transaction> begin_read(SqliteConnection& connection);

    Transaction(Transaction&& other) noexcept
        : connection_(std::exchange(other.connection_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    [[nodiscard]] SqliteResult<void> commit();

  private:
    explicit Transaction(SqliteConnection& connection) : connection_(&connection) {}
    SqliteConnection* connection_;
};

}  // namespace foz::state
