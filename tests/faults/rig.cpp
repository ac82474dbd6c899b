// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/rig.h"

#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <unordered_set>

#include <fmt/format.h>

#include "tests/support/wait_until.h"

namespace foz::faults {

using namespace std::chrono_literals;

namespace {

constexpr const char* kPayload =
    R"({"Temperature": {temperature}, "Data Hora": "{time_us}", "sequence": {sequence}})";

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
[[route]]
topic = "esp32/pub"
database = "store"
table = "readings"
{}
[route.columns]
device = {{ message = "client_id" }}
sequence = {{ field = "sequence", type = "integer" }}
temp = {{ field = "Temperature", type = "double" }}
dh = {{ field = "Data Hora", type = "timestamp" }}
)",
        data_.string(),
        options_.ack,
        mqtt_port_,
        options_.journal,
        url,
        options_.key ? R"(key = ["device", "sequence"])" : ""
    );
}

void Rig::start_foz() {
    foz_ = std::make_unique<support::ChildProcess>(support::ChildOptions{
        .command = {FOZ_BINARY, "run", "--config", (directory_ / "foz.toml").string()},
        .user = "",
        .output = directory_ / "foz.log",
    });
    const bool listens = support::wait_until(
        [this] { return !foz_->running() || support::accepts_connections(mqtt_port_); }, 60s
    );
    if (!listens || !foz_->running()) {
        throw std::runtime_error("foz does not start:\n" + foz_log());
    }
}

void Rig::kill_foz() {
    foz_->kill_9();
    foz_.reset();
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
        fmt::format("mqtt://127.0.0.1:{}", mqtt_port_),
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
    sensors_ = std::make_unique<support::ChildProcess>(
        support::ChildOptions{.command = command, .user = "", .output = directory_ / "sensor.log"}
    );
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

Tally Rig::finish() {
    sensors_->send(SIGINT);
    const auto exit_code = sensors_->wait(120s);
    if (exit_code != 0) {
        throw std::runtime_error(
            "the sensors did not get all acknowledgements:\n" +
            support::content_of(directory_ / "sensor.log")
        );
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

Tally Rig::count() {
    Tally tally;
    std::unordered_set<std::string> stored;
    std::istringstream rows(store_->query("SELECT device, sequence FROM readings"));
    for (std::string row; std::getline(rows, row);) {
        ++tally.rows;
        tally.doubled += stored.insert(row).second ? 0 : 1;
    }
    std::unordered_set<std::string> acknowledged;
    std::ifstream record(directory_ / "acknowledged");
    for (std::string line; std::getline(record, line);) {
        line.replace(line.find(' '), 1, "|");
        acknowledged.insert(line);
    }
    tally.acknowledged = acknowledged.size();
    for (const std::string& reading : acknowledged) {
        tally.lost += stored.contains(reading) ? 0 : 1;
    }
    const auto [exit_code, output] = run_foz("verify");
    tally.ledger_balances = exit_code == 0;
    tally.verify_output = output;
    return tally;
}

}  // namespace foz::faults
