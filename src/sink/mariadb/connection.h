// SPDX-License-Identifier: Apache-2.0
// libmariadb, with errors as SinkError. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mysql.h>

#include "sink/sink.h"

namespace foz::sink::mariadb {

/// The answers to a few statements: rows of text (nullopt is NULL), and the counts of the others.
struct Answer {
    std::vector<std::vector<std::optional<std::string>>> rows;
    /// Of a SELECT: name, type, length and scale of its columns, as the server announced them.
    std::string shape;
    std::uint64_t matched = 0;  // of an UPDATE: rows that its condition chose
};

/// An open connection in a session that foz has set up: strict SQL, UTC, UTF-8, no autocommit.
/// Closed by the destructor.
class Connection {
  public:
    /// Any failure is Failure::retry.
    [[nodiscard]] static SinkResult<Connection> open(const SinkOptions& options);

    /// Runs one or more statements; one answer for each.
    [[nodiscard]] SinkResult<std::vector<Answer>> run(const std::string& sql);

    void roll_back() { mysql_rollback(handle_.get()); }
    /// Failure::in_doubt when the connection was lost on the way.
    [[nodiscard]] SinkResult<void> commit();

    [[nodiscard]] MYSQL* handle() const { return handle_.get(); }
    [[nodiscard]] bool is_mysql() const;
    /// Whether a prepared statement may be executed for many rows at once.
    [[nodiscard]] bool takes_bulk() const;
    [[nodiscard]] std::size_t packet_bytes_max() const { return packet_bytes_max_; }

  private:
    struct Close {
        void operator()(MYSQL* connection) const { mysql_close(connection); }
    };
    explicit Connection(MYSQL* handle) : handle_(handle) {}
    [[nodiscard]] SinkResult<void> set_up_session();
    void watch_over_network() const;

    std::unique_ptr<MYSQL, Close> handle_;
    std::size_t packet_bytes_max_ = 1 << 20;
};

/// `number` and `message` as libmariadb gave them.
[[nodiscard]] SinkError error_of(unsigned number, const char* message);

}  // namespace foz::sink::mariadb
