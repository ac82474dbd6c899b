// SPDX-License-Identifier: Apache-2.0
// A MariaDB of its own for a test: a data folder in /tmp, a free port on 127.0.0.1 and a socket,
// default settings (each commit is synced). The empty data folder is made once for each build
// folder and copied. Throws std::runtime_error when something does not work.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"

namespace foz::support {

/// One thread. Not started by the constructor; ended by the destructor.
class MariadbServer {
  public:
    /// `options`: further ones for mariadbd, such as "--max-connections=10".
    explicit MariadbServer(std::vector<std::string> options = {});
    ~MariadbServer();

    /// Starts it, on the same port and data each time, and waits until it answers.
    void start();
    void stop();
    void kill_9();
    /// SIGSTOP to all its processes, and SIGCONT.
    void freeze() { process_->freeze(); }
    void thaw() { process_->thaw(); }
    [[nodiscard]] bool running() const { return process_ != nullptr; }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] pid_t pid() const { return process_->pid(); }
    [[nodiscard]] std::filesystem::path socket() const { return directory_ / "socket"; }
    /// mariadb://foz:foz@127.0.0.1:PORT/DATABASE. The user foz may do everything but write
    /// while the server is read-only.
    [[nodiscard]] std::string url(std::string_view database = "foz") const;

    /// Runs any SQL with all rights. The rows of the last statement: columns joined by '|', rows by
    /// '\n', null is "NULL". Throws with the server's message.
    std::string query(std::string_view sql, std::string_view database = "foz");
    /// Makes an empty database, and replaces one of this name. "foz" is there from the start.
    void create_database(std::string_view name);
    [[nodiscard]] std::string log() const;

  private:
    std::vector<std::string> options_;
    TemporaryDirectory directory_;
    std::uint16_t port_;
    std::unique_ptr<ChildProcess> process_;
};

}  // namespace foz::support
