// SPDX-License-Identifier: Apache-2.0
// The real program as a person uses it: a folder with a configuration and data, `foz run` in the
// background, every other command in the foreground, and an MQTT client. Looks at tables through
// SQLite itself, so that foz's own code does not judge itself.
#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/broker/raw_client.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"

namespace foz::end_to_end {

/// A command that has ended.
struct Outcome {
    int exit_code = 0;
    std::string output;  // standard output and error together

    [[nodiscard]] bool says(std::string_view text) const {
        return output.find(text) != std::string::npos;
    }
};
std::ostream& operator<<(std::ostream& stream, const Outcome& outcome);

/// An MQTT 3.1.1 client that waits for every acknowledgement. Throws std::runtime_error when foz
/// does not answer.
class Publisher {
  public:
    explicit Publisher(std::uint16_t port, std::string_view client_id = "esp32-1");
    /// At QoS 1; false when foz closed the connection instead of acknowledging.
    [[nodiscard]] bool publish(std::string_view topic, std::string_view payload);

  private:
    broker::RawClient client_;
};

/// One thread. Throws std::runtime_error when something that should work does not.
class FozUnderTest {
  public:
    FozUnderTest();
    FozUnderTest(const FozUnderTest&) = delete;
    FozUnderTest& operator=(const FozUnderTest&) = delete;
    ~FozUnderTest();

    /// Writes foz.toml: data folder, listener, and `rest`.
    void configure(std::string_view rest);
    void write(std::string_view file, std::string_view content);

    /// `foz run --config foz.toml`, or with these arguments; waits until it listens.
    void start();
    void start_with(const std::vector<std::string>& arguments, std::uint16_t port);
    /// Sends the signal and waits; the exit code.
    int stop(int signal_number = SIGINT);
    /// Sends the signal and goes on: SIGHUP.
    void send(int signal_number) { foz_->send(signal_number); }
    void kill_9();

    /// Publishes by a connection of its own; throws when it is not acknowledged.
    void publish(std::string_view topic, std::string_view payload,
            std::string_view client_id = "esp32-1");
    /// Runs `foz ARGUMENTS` to its end.
    [[nodiscard]] Outcome run(std::vector<std::string> arguments, const std::string& user = "");
    /// Starts `foz ARGUMENTS --config foz.toml` and kills it (kill -9) after that time, if it still
    /// runs then. Whether it did.
    bool run_and_kill(std::vector<std::string> arguments, std::chrono::milliseconds after);
    /// The same as run() with `--config foz.toml` behind.
    [[nodiscard]] Outcome run_configured(std::vector<std::string> arguments);

    /// Rows of a SQLite database in the data folder: columns joined by '|', rows by '\n', null is
    /// "NULL". What SQLite says, when it refuses.
    [[nodiscard]] std::string query(std::string_view sql, std::string_view file = "foz.sqlite");
    /// Whether the query has this result within some seconds.
    [[nodiscard]] bool becomes(std::string_view sql, std::string_view result);
    /// Whether so many dead letters are there within some seconds.
    [[nodiscard]] bool dead_letters_become(std::size_t count);
    [[nodiscard]] std::string dead_reasons();

    [[nodiscard]] std::filesystem::path path(std::string_view name) const {
        return directory_ / name;
    }
    [[nodiscard]] std::filesystem::path data() const { return directory_ / "data"; }
    [[nodiscard]] std::string config() const { return (directory_ / "foz.toml").string(); }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string log() const;
    [[nodiscard]] bool running() { return foz_ && foz_->running(); }

  private:
    support::TemporaryDirectory directory_;
    std::uint16_t port_;
    std::unique_ptr<support::ChildProcess> foz_;
};

/// A route that most tests use: readings(device, temp, dh) from sensors/{device}.
extern const std::string kReadings;
/// What a device sends to it.
[[nodiscard]] std::string reading(
        double temperature, std::string_view time = "2022-08-01 10:00:00");

}  // namespace foz::end_to_end
