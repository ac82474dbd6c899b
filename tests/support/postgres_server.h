// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL of its own for a test: a data folder in /tmp, a free port on 127.0.0.1, Debian's
// settings (fsync on). The empty data folder is made once for each build folder and copied. Throws
// std::runtime_error when something does not work.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"

namespace foz::support {

/// One thread. Not started by the constructor; ended by the destructor.
class PostgresServer {
  public:
    PostgresServer();
    ~PostgresServer();

    /// Starts it, on the same port and data each time, and waits until it answers.
    void start();
    /// A fast shutdown: open connections are told to go.
    void stop();
    /// SIGKILL to the server and all its backends.
    void kill_9();
    /// SIGSTOP to all its processes, and SIGCONT.
    void freeze() { process_->freeze(); }
    void thaw() { process_->thaw(); }
    [[nodiscard]] bool running() const { return process_ != nullptr; }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] pid_t pid() const { return process_->pid(); }
    /// postgresql://postgres@127.0.0.1:PORT/DATABASE. User postgres needs no password; the users
    /// "guarded..." need theirs.
    [[nodiscard]] std::string url(std::string_view database = "postgres") const;

    /// Runs any SQL as superuser. The rows of the last statement: columns joined by '|', rows by
    /// '\n', null is "NULL". Throws with the server's message.
    std::string query(std::string_view sql, std::string_view database = "postgres");
    /// Makes an empty database, and replaces one of this name.
    void create_database(std::string_view name);
    /// What it logged.
    [[nodiscard]] std::string log() const;

  private:
    [[nodiscard]] std::filesystem::path data() const;

    TemporaryDirectory directory_;
    std::uint16_t port_;
    std::unique_ptr<ChildProcess> process_;
};

}  // namespace foz::support
