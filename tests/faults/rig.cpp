// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/rig.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "tests/support/wait_until.h"

namespace foz::faults {

using namespace std::chrono_literals;

namespace {

constexpr const char* kPayload =
        R"({"Temperature": {temperature}, "Data Hora": "{time_us}", "device": "esp32-{n}", "sequence": {sequence}})";

}  // namespace

Rig::Rig(RigOptions options)
    : options_(std::move(options)),
      store_(make_store(options_.store)),
      data_(options_.data.empty() ? directory_ / "data" : options_.data),
      mqtt_port_(support::free_port()) {
    write_configuration(store_->url());
}

Rig::~Rig() = default;

void Rig::go_through(std::uint16_t proxy_port) {
    std::string url = store_->url();
    const std::string port = ":" + std::to_string(store_->port());
    url.replace(url.find(port), port.size(), ":" + std::to_string(proxy_port));
    write_configuration(url);
}

void Rig::write_configuration(const std::string& url) const {
    std::ofstream file(directory_ / "foz.toml");
    file << fmt::format(
            R"(data = "{}"
ack = "{}"
[listener.devices]
address = "127.0.0.1:{}"
[journal]
{}
[database.store]
url = "{}"
retry_delay_max = "200ms"
{}
{}
[[route]]
topic = "esp32/pub"
database = "store"
table = "readings"
{}
[route.columns]
device = {{ field = "device", type = "text" }}
sequence = {{ field = "sequence", type = "integer" }}
temp = {{ field = "Temperature", type = "double" }}
dh = {{ field = "Data Hora", type = "timestamp" }}
)",
            data_.string(), options_.ack, mqtt_port_, options_.journal, url, options_.database,
            options_.source, options_.key ? R"(key = ["device", "sequence"])" : "");
}

void Rig::start_foz() {
    foz_ = std::make_unique<support::ChildProcess>(support::ChildOptions{
        .command = {FOZ_BINARY, "run", "--config", (directory_ / "foz.toml").string()},
        .user = "",
        .output = directory_ / "foz.log",
    });
    const bool listens = support::wait_until(
            [this] { return !foz_->running() || support::accepts_connections(mqtt_port_); }, 60s);
    if (!listens || !foz_->running()) {
        throw std::runtime_error("foz does not start:\n" + foz_log());
    }
}

void Rig::kill_foz() {
    foz_->kill_9();
    foz_.reset();
}

void Rig::freeze() {
    foz_->freeze();
    sensors_->freeze();
}

void Rig::thaw() {
    foz_->thaw();
    sensors_->thaw();
}

int Rig::stop_foz() {
    foz_->send(SIGTERM);
    const auto exit_code = foz_->wait(60s);
    foz_.reset();
    return exit_code.value_or(-1);
}

bool Rig::foz_runs() {
    return foz_ && foz_->running();
}

void Rig::start_sensors() {
    std::vector<std::string> command = {
        FOZ_BINARY,
        "sensor",
        "--url",
        fmt::format("mqtt://127.0.0.1:{}",
                options_.sensors_port == 0 ? mqtt_port_ : options_.sensors_port),
        "--count",
        std::to_string(options_.sensors),
        "--qos",
        std::to_string(options_.qos),
        "--payload",
        kPayload,
        "--record",
        (directory_ / "acknowledged").string(),
        "--drain",
        "60s",
        "--version",
        "5",
    };
    if (options_.rate == 0) {
        command.emplace_back("--full-speed");
    } else {
        command.emplace_back("--rate");
        command.emplace_back(std::to_string(options_.rate));
    }
    sensors_ = std::make_unique<support::ChildProcess>(support::ChildOptions{
        .command = command, .user = "", .output = directory_ / "sensor.log"});
}

std::uint64_t Rig::acknowledged() const {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(directory_ / "acknowledged", error);
    constexpr std::uint64_t kBytesALine = 13;  // about: "esp32-17 1234\n"
    return error ? 0 : bytes / kBytesALine;
}

bool Rig::wait_for_acknowledged(std::uint64_t count) {
    const std::uint64_t wanted = acknowledged() + count;
    return support::wait_until([this, wanted] { return acknowledged() >= wanted; }, 60s);
}

std::string Rig::foz_log() const {
    return support::content_of(directory_ / "foz.log");
}

std::pair<int, std::string> Rig::run_foz(const std::string& command) {
    const auto output = directory_ / "command.log";
    std::filesystem::remove(output);
    std::vector<std::string> words = {FOZ_BINARY};
    std::istringstream stream(command);
    for (std::string word; stream >> word;) {
        words.push_back(word);
    }
    words.emplace_back("--config");
    words.push_back((directory_ / "foz.toml").string());
    support::ChildProcess process({.command = words, .user = "", .output = output});
    const auto exit_code = process.wait(120s);
    return {exit_code.value_or(-1), support::content_of(output)};
}

void Rig::stop_sensors() {
    sensors_->send(SIGINT);
    const auto exit_code = sensors_->wait(120s);
    sensors_.reset();
    if (exit_code != 0) {
        throw std::runtime_error("the sensors did not get all acknowledgements:\n" +
                                 support::content_of(directory_ / "sensor.log"));
    }
}

Tally Rig::finish() {
    if (sensors_) {
        stop_sensors();
    }
    // At its end foz stores what it has; while the database is catching up that may take several
    // tries.
    for (int attempt = 0;; ++attempt) {
        if (stop_foz() != 0) {
            throw std::runtime_error("foz did not end well:\n" + foz_log());
        }
        if (!foz_log().ends_with("at the next start\n")) {
            break;
        }
        if (attempt == 10) {
            throw std::runtime_error("foz does not catch up:\n" + foz_log());
        }
        start_foz();
    }
    return count();
}

std::unordered_set<Reading> Rig::acknowledged_readings() const {
    std::unordered_set<Reading> readings;
    std::ifstream record(directory_ / "acknowledged");
    for (std::string line; std::getline(record, line);) {
        readings.insert(line.replace(line.find(' '), 1, "|"));
    }
    return readings;
}

std::unordered_map<Reading, std::uint64_t> Rig::stored_readings() {
    std::unordered_map<Reading, std::uint64_t> rows;
    std::istringstream lines(store_->query("SELECT device, sequence FROM readings"));
    for (std::string line; std::getline(lines, line);) {
        ++rows[line];
    }
    return rows;
}

Tally Rig::count() {
    Tally tally;
    const auto stored = stored_readings();
    for (const auto& [reading, rows] : stored) {
        tally.rows += rows;
        tally.doubled += rows - 1;
    }
    const auto acknowledged = acknowledged_readings();
    tally.acknowledged = acknowledged.size();
    tally.lost = static_cast<std::uint64_t>(std::ranges::count_if(
            acknowledged, [&](const Reading& reading) { return !stored.contains(reading); }));
    const auto [exit_code, output] = run_foz("verify");
    tally.ledger_balances = exit_code == 0;
    tally.verify_output = output;
    return tally;
}

}  // namespace foz::faults
