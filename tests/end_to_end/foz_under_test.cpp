// SPDX-License-Identifier: Apache-2.0
#include "tests/end_to_end/foz_under_test.h"

#include <fstream>
#include <stdexcept>

#include <fmt/format.h>
#include <sqlite3.h>

#include "tests/support/wait_until.h"

namespace foz::end_to_end {

using namespace std::chrono_literals;

namespace {

std::string with_length(std::string_view text) {
    std::string bytes;
    bytes += static_cast<char>(text.size() >> 8U);
    bytes += static_cast<char>(text.size() & 0xFFU);
    return bytes.append(text);
}

// [MQTT-2.2.3]: seven bits a byte, the lowest first.
std::string packet(char first, const std::string& rest) {
    std::string bytes(1, first);
    std::size_t length = rest.size();
    do {
        const std::size_t digit = length % 128;
        length /= 128;
        bytes += static_cast<char>(length > 0 ? digit + 128 : digit);
    } while (length > 0);
    return bytes + rest;
}

std::string text_of(sqlite3_stmt* row, int column) {
    if (sqlite3_column_type(row, column) == SQLITE_NULL) {
        return "NULL";
    }
    const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(row, column));
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
}

std::string query_sqlite(const std::filesystem::path& file, std::string_view sql) {
    sqlite3* raw = nullptr;
    const int opened = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
    const std::unique_ptr<sqlite3, int (*)(sqlite3*)> database(raw, sqlite3_close);
    if (opened != SQLITE_OK) {
        return sqlite3_errmsg(raw);
    }
    sqlite3_busy_timeout(raw, 20'000);
    sqlite3_stmt* raw_statement = nullptr;
    if (sqlite3_prepare_v2(raw, sql.data(), static_cast<int>(sql.size()), &raw_statement,
                nullptr) != SQLITE_OK) {
        return sqlite3_errmsg(raw);
    }
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(
            raw_statement, sqlite3_finalize);
    std::string result;
    int step = SQLITE_ROW;
    for (bool first = true; (step = sqlite3_step(raw_statement)) == SQLITE_ROW; first = false) {
        result += first ? "" : "\n";
        for (int column = 0; column < sqlite3_column_count(raw_statement); ++column) {
            result += (column > 0 ? "|" : "") + text_of(raw_statement, column);
        }
    }
    return step == SQLITE_DONE ? result : sqlite3_errmsg(raw);
}

}  // namespace

const std::string kReadings = R"(
[[route]]
name = "readings"
topic = "sensors/{device}"
table = "readings"
key = ["device", "dh"]
[route.columns]
device = { capture = "device" }
temp = { field = "temp", type = "double" }
dh = { field = "dh", type = "timestamp" }
)";

std::string reading(double temperature, std::string_view time) {
    return fmt::format(R"({{"temp": {}, "dh": "{}"}})", temperature, time);
}

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome) {
    return stream << "exit code " << outcome.exit_code << '\n' << outcome.output;
}

Publisher::Publisher(std::uint16_t port, std::string_view client_id) : client_(port) {
    const std::string header("\x00\x04MQTT\x04\x02\x00\x00", 10);  // 3.1.1, clean, no keep-alive
    client_.send(packet('\x10', header + with_length(client_id)));
    if (client_.receive(4) != std::string("\x20\x02\x00\x00", 4)) {
        throw std::runtime_error("foz does not accept the connection");
    }
}

bool Publisher::publish(std::string_view topic, std::string_view payload) {
    const std::string id("\x00\x01", 2);
    const std::string rest = with_length(topic) + id + std::string(payload);
    return client_.send(packet('\x32', rest)) &&
           client_.receive(4) == std::string("\x40\x02\x00\x01", 4);
}

FozUnderTest::FozUnderTest() : port_(support::free_port()) {
    configure("");
}

FozUnderTest::~FozUnderTest() = default;

void FozUnderTest::configure(std::string_view rest) {
    write("foz.toml",
            fmt::format("data = \"{}\"\n[listener.devices]\naddress = \"127.0.0.1:{}\"\n{}\n",
                    data().string(), port_, rest));
}

void FozUnderTest::write(std::string_view file, std::string_view content) {
    std::ofstream(path(file), std::ios::binary) << content;
}

void FozUnderTest::start() {
    start_with({"run", "--config", config()}, port_);
}

void FozUnderTest::start_with(const std::vector<std::string>& arguments, std::uint16_t port) {
    std::vector<std::string> command = {FOZ_BINARY};
    command.insert(command.end(), arguments.begin(), arguments.end());
    foz_ = std::make_unique<support::ChildProcess>(
            support::ChildOptions{.command = command, .user = "", .output = path("foz.log")});
    const bool listens = support::wait_until(
            [&] { return !foz_->running() || support::accepts_connections(port); }, 20s);
    if (!listens || !foz_->running()) {
        throw std::runtime_error("foz does not start:\n" + log());
    }
}

int FozUnderTest::stop(int signal_number) {
    foz_->send(signal_number);
    const auto exit_code = foz_->wait(30s);
    foz_.reset();
    return exit_code.value_or(-1);
}

void FozUnderTest::kill_9() {
    foz_->kill_9();
    foz_.reset();
}

void FozUnderTest::publish(
        std::string_view topic, std::string_view payload, std::string_view client_id) {
    if (!Publisher(port_, client_id).publish(topic, payload)) {
        throw std::runtime_error(fmt::format("not acknowledged: {} on {}", payload, topic));
    }
}

Outcome FozUnderTest::run(std::vector<std::string> arguments, const std::string& user) {
    std::string program = FOZ_BINARY;
    if (!user.empty()) {
        // Somebody else may not be let into the folders above the build.
        program = path("foz");
        std::filesystem::copy_file(
                FOZ_BINARY, program, std::filesystem::copy_options::overwrite_existing);
    }
    arguments.insert(arguments.begin(), program);
    const auto output = path("command.log");
    std::filesystem::remove(output);
    support::ChildProcess process({.command = arguments, .user = user, .output = output});
    const auto exit_code = process.wait(30s);
    return {exit_code.value_or(-1), support::content_of(output)};
}

bool FozUnderTest::run_and_kill(
        std::vector<std::string> arguments, std::chrono::milliseconds after) {
    arguments.insert(arguments.begin(), FOZ_BINARY);
    arguments.insert(arguments.end(), {"--config", config()});
    support::ChildProcess process({.command = arguments, .user = "", .output = path("killed.log")});
    return !process.wait(after).has_value();
}

Outcome FozUnderTest::run_configured(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--config", config()});
    return run(std::move(arguments));
}

std::string FozUnderTest::query(std::string_view sql, std::string_view file) {
    return query_sqlite(data() / file, sql);
}

bool FozUnderTest::becomes(std::string_view sql, std::string_view result) {
    return support::wait_until([&] { return query(sql) == result; }, 10s);
}

bool FozUnderTest::dead_letters_become(std::size_t count) {
    return support::wait_until(
            [&] {
                return query("SELECT count(*) FROM dead_letters", "state.db") ==
                       std::to_string(count);
            },
            10s);
}

std::string FozUnderTest::dead_reasons() {
    return query("SELECT reason FROM dead_letters ORDER BY id", "state.db");
}

std::string FozUnderTest::log() const {
    return support::content_of(path("foz.log"));
}

}  // namespace foz::end_to_end
