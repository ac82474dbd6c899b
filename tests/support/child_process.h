// SPDX-License-Identifier: Apache-2.0
// A program that a test started: it ends with the test, whatever becomes of the test. Throws
// std::runtime_error when something cannot be started: the test fails with its message.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace foz::support {

struct ChildOptions {
    std::vector<std::string> command;  // an absolute path, or found in PATH; then its arguments
    std::string user;              // when this process is root: the user to run as; "" stays root
    std::filesystem::path output;  // where its output goes, appended; empty: nowhere
    int death_signal = SIGKILL;    // what it gets when the thread that started it ends
};

/// Owned by one thread, which must outlive it: Linux sends the death signal when that thread ends.
class ChildProcess {
  public:
    explicit ChildProcess(const ChildOptions& options);
    ~ChildProcess();  // kill -9, with its children
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool running();
    void send(int signal_number);
    /// Sends SIGKILL to it and to its children, and waits until all are gone.
    void kill_9();
    /// Stops it and its children where they are; they hold what they have open, and do nothing.
    void freeze();
    void thaw();
    /// Waits for its end. The exit code, or 128 + the signal; kill -9 and nothing when it took
    /// longer.
    std::optional<int> wait(std::chrono::milliseconds limit);

  private:
    pid_t pid_ = -1;
    std::optional<int> exit_code_;
};

/// Runs a program to its end; throws with its output when it fails.
void run_to_end(std::vector<std::string> command, const std::string& user = "");

/// A TCP port on 127.0.0.1 that nobody listened on a moment ago.
[[nodiscard]] std::uint16_t free_port();

/// Whether something accepts connections there.
[[nodiscard]] bool accepts_connections(std::uint16_t port);

/// Gives `path` and all below it to `user`, when this process is root and `user` is not empty.
void give_to(const std::filesystem::path& path, const std::string& user);

[[nodiscard]] std::string content_of(const std::filesystem::path& file);

}  // namespace foz::support
