// SPDX-License-Identifier: Apache-2.0
// The whole thing under load, for fault tests: sensors (`foz sensor`), foz (`foz run`) and a real
// database, each a process of its own that can be killed. At the end every acknowledged reading is
// looked for in the table.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "tests/faults/store.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"

namespace foz::faults {

struct RigOptions {
    StoreKind store = StoreKind::sqlite;
    std::uint8_t qos = 1;
    bool key = true;  // (device, sequence): redelivered readings are ignored and counted
    std::string ack = "journal";
    std::uint32_t sensors = 20;
    std::uint32_t rate = 4'000;      // readings a second, of all sensors; 0: full speed
    std::string journal;             // further lines for [journal]
    std::string database;            // and for the [database]
    std::filesystem::path data;      // a file system of the test's; empty: a temporary directory
    std::string source;              // foz reads from another broker: a [source] section
    std::uint16_t sensors_port = 0;  // that broker's; 0: they publish to foz itself
};

/// "device|sequence".
using Reading = std::string;

/// What was counted in the end.
struct Tally {
    std::uint64_t acknowledged = 0;  // distinct readings that the sensors saw acknowledged
    std::uint64_t rows = 0;
    std::uint64_t lost = 0;        // acknowledged, and not in the table
    std::uint64_t doubled = 0;     // rows beyond the first of the same reading
    bool ledger_balances = false;  // foz verify
    std::string verify_output;
};

/// One thread. Throws std::runtime_error when something that should work does not.
class Rig {
  public:
    explicit Rig(RigOptions options);
    ~Rig();
    Rig(const Rig&) = delete;
    Rig& operator=(const Rig&) = delete;

    /// foz is to reach the store through a proxy on this port. Before start_foz().
    void go_through(std::uint16_t proxy_port);
    void start_foz();
    void kill_foz();  // kill -9
    void freeze();    // foz and the sensors stand still
    void thaw();
    /// SIGTERM; waits for the end; its exit code.
    int stop_foz();
    [[nodiscard]] bool foz_runs();

    void start_sensors();
    /// Waits until `count` more readings are acknowledged than now. False: it took over a minute.
    [[nodiscard]] bool wait_for_acknowledged(std::uint64_t count);
    [[nodiscard]] std::uint64_t acknowledged() const;  // lines in the record, cheap

    [[nodiscard]] Store& store() { return *store_; }
    [[nodiscard]] std::string foz_log() const;
    /// Runs `foz COMMAND --config ...` to its end: exit code and output.
    std::pair<int, std::string> run_foz(const std::string& command);

    /// The broker that they publish to runs: ends them, when all is acknowledged.
    void stop_sensors();
    /// Everything runs again: ends the sensors, waits until foz has stored all that it has, stops
    /// foz, counts.
    [[nodiscard]] Tally finish();
    /// The readings that the sensors saw acknowledged.
    [[nodiscard]] std::unordered_set<Reading> acknowledged_readings() const;
    /// The table: how many rows each reading has.
    [[nodiscard]] std::unordered_map<Reading, std::uint64_t> stored_readings();

  private:
    void write_configuration(const std::string& url) const;
    [[nodiscard]] Tally count();

    RigOptions options_;
    std::unique_ptr<Store> store_;
    support::TemporaryDirectory directory_;
    std::filesystem::path data_;
    std::uint16_t mqtt_port_;
    std::unique_ptr<support::ChildProcess> foz_;
    std::unique_ptr<support::ChildProcess> sensors_;
};

}  // namespace foz::faults
