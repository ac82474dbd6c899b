// SPDX-License-Identifier: Apache-2.0
// An open SQLite database as SqlSession. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sink/sql_session.h"
#include "sink/sqlite/sqlite_dialect.h"
#include "state/sqlite_connection.h"

namespace foz::sink::sqlite {

/// Statements of connection() must not outlive it.
class SqliteSession final : public SqlSession {
  public:
    explicit SqliteSession(state::SqliteConnection connection)
        : connection_(std::move(connection)) {}
    SqliteSession(const SqliteSession&) = delete;
    SqliteSession& operator=(const SqliteSession&) = delete;

    [[nodiscard]] state::SqliteConnection& connection() { return connection_; }

    SinkResult<void> execute(const std::string& sql, std::string_view failure) override;
    SinkResult<std::vector<TextRow>> rows_of(
            const std::string& sql, std::string_view failure) override;
    SinkResult<std::vector<TextRow>> rows_of_long(
            const std::string& sql, std::string_view failure) override {
        return rows_of(sql, failure);
    }
    SinkResult<void> begin_setup() override;
    SinkResult<void> begin_snapshot() override;
    SinkResult<void> commit() override;
    void roll_back() override { transaction_.reset(); }
    // A step is one statement, or changes nothing when it fails.
    SinkResult<void> begin_step() override { return {}; }
    SinkResult<void> end_step(bool /*keep*/) override { return {}; }
    const OwnTablesSql& own_tables() const override { return own_tables_sql(); }

  private:
    [[nodiscard]] SinkResult<void> begin(state::SqliteResult<state::Transaction> transaction);

    state::SqliteConnection connection_;
    std::optional<state::Transaction> transaction_;
};

}  // namespace foz::sink::sqlite
