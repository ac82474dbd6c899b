// SPDX-License-Identifier: Apache-2.0
// foz sensor: simulated ESP32s, and the load generator.
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigtimedwait is POSIX's
#include <unistd.h>

#include "base/log.h"
#include "cli/commands.h"
#include "sensor/fleet.h"
#include "sensor/summary.h"

namespace foz::cli {

namespace {

/// What the person wrote, before it is checked together.
struct SensorArguments {
    sensor::Options options;
    std::string url = "mqtt://127.0.0.1:1883";
    std::string version = "3.1.1";
    std::string interval = "1s";
    std::string duration = "0";
    std::string drain = "5s";
    double rate = 0;
    bool full_speed = false;
    bool progress = false;
    bool json = false;
};

constexpr const char* kFooter =
        R"(Patterns: {n} is the sensor's number, from 1; it may stand in the URL's USER and PASSWORD too. The payload may also hold {temperature}, {time}
(2022-08-01 10:00:00, UTC), {time_us} (with microseconds, never twice from one sensor), {epoch_ms}
and {sequence} (from 1 for each sensor).

--record FILE appends a line "CLIENT_ID SEQUENCE" for each reading when its PUBACK (QoS 1) or
PUBCOMP (QoS 2) has arrived, so that a test can look for it in the table.

A reading that is not acknowledged is sent again after a reconnection. Ctrl-C ends: no more
readings, up to --drain for the acknowledgements. Exit code 0: all readings are acknowledged;
1: some are not, or were refused; 2: wrong use.)";

void add_load_options(CLI::App& command, SensorArguments& arguments) {
    sensor::Options& options = arguments.options;
    command.add_option("--count", options.count, "Sensors, each with a connection of its own")
            ->check(CLI::Range(1U, 1'000'000U))
            ->capture_default_str();
    auto* const interval = command.add_option("--interval", arguments.interval,
                                          "From one reading of a sensor to its next")
                                   ->capture_default_str();
    auto* const rate = command.add_option("--rate", arguments.rate,
                                      "Readings a second, of all sensors together")
                               ->check(CLI::PositiveNumber);
    auto* const full_speed =
            command.add_flag("--full-speed", arguments.full_speed, "As fast as --in-flight allows");
    auto* const idle = command.add_flag("--idle", options.idle, "Connect and publish nothing");
    interval->excludes(rate)->excludes(full_speed)->excludes(idle);
    rate->excludes(full_speed)->excludes(idle);
    full_speed->excludes(idle);
    command.add_option(
                   "--in-flight", options.in_flight, "Unacknowledged readings of a sensor at once")
            ->check(CLI::Range(1, 65535))
            ->capture_default_str();
    command.add_option("--messages", options.messages_max, "Readings of each sensor; 0: no end")
            ->capture_default_str();
    command.add_option("--duration", arguments.duration, "How long to make readings; 0: no end")
            ->capture_default_str();
    command.add_option(
                   "--drain", arguments.drain, "At the end: how long to wait for acknowledgements")
            ->capture_default_str();
    command.add_flag("--together", options.together, "Publish only when all sensors are connected");
    command.add_option("--threads", options.threads, "Event loops")
            ->check(CLI::Range(1U, 64U))
            ->capture_default_str();
}

void add_message_options(CLI::App& command, SensorArguments& arguments) {
    sensor::Options& options = arguments.options;
    command.add_option("--url", arguments.url, "mqtt[s]://[USER:PASSWORD@]HOST[:PORT]")
            ->capture_default_str();
    command.add_option(
            "--cafile", options.tls.ca, "mqtts: the CA of the broker's certificate, PEM");
    auto* const certificate = command.add_option(
            "--cert", options.tls.certificate, "mqtts: the sensors' certificate, PEM");
    auto* const key = command.add_option("--key", options.tls.key, "mqtts: its key, PEM");
    certificate->needs(key);
    key->needs(certificate);
    command.add_option("--qos", options.qos, "0, 1 or 2")
            ->check(CLI::Range(0, 2))
            ->capture_default_str();
    command.add_option("--version", arguments.version, "Of MQTT: 3.1, 3.1.1 or 5")
            ->capture_default_str();
    command.add_option("--keep-alive", options.keep_alive_seconds, "Seconds; 0: none")
            ->check(CLI::Range(0, 65535))
            ->capture_default_str();
    command.add_option("--client-id", options.client_id, "Pattern")->capture_default_str();
    command.add_option("--topic", options.topic, "Pattern")->capture_default_str();
    command.add_option("--payload", options.payload, "Pattern")->capture_default_str();
    command.add_option(
                   "--seed", options.seed, "Of the temperatures: the same seed, the same course")
            ->capture_default_str();
    command.add_option(
            "--record", options.record, "File to which acknowledged readings are appended");
    command.add_flag(
            "--progress", arguments.progress, "A line each second, also when not on a terminal");
    command.add_flag("--json", arguments.json, "The summary as one JSON object");
}

Result<void> read_durations(SensorArguments& arguments) {
    sensor::Options& options = arguments.options;
    for (auto [text, to] : {std::pair{&arguments.interval, &options.interval},
             std::pair{&arguments.duration, &options.duration},
             std::pair{&arguments.drain, &options.drain}}) {
        auto parsed = sensor::parse_duration(*text);
        if (!parsed) {
            return pass_on(parsed);
        }
        *to = *parsed;
    }
    if (options.interval.count() == 0) {
        return fail(ErrorCode::invalid,
                "--interval must be longer than 0; for no pause at all, --full-speed");
    }
    if (arguments.full_speed) {
        options.interval = std::chrono::nanoseconds(0);
    } else if (arguments.rate > 0) {
        const double nanoseconds = std::ceil(1e9 * options.count / arguments.rate);
        options.interval =
                std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(nanoseconds, 9e15)));
    }
    return {};
}

Result<void> read_arguments(SensorArguments& arguments) {
    auto broker = sensor::parse_broker_url(arguments.url);
    if (!broker) {
        return pass_on(broker);
    }
    arguments.options.broker = std::move(*broker);
    auto version = sensor::parse_version(arguments.version);
    if (!version) {
        return pass_on(version);
    }
    arguments.options.version = *version;
    if (auto read = read_durations(arguments); !read) {
        return read;
    }
    return sensor::check_options(arguments.options);
}

/// Prints a line on standard error: over the last one on a terminal, below it elsewhere.
void print_progress(const sensor::FleetProgress& now, const sensor::FleetProgress& before) {
    const bool terminal = isatty(STDERR_FILENO) == 1;
    fmt::print(stderr, "{}{} connected, {} sent, {} acknowledged ({}/s), {} reconnections{}",
            terminal ? "\r\033[K" : "", now.connected, now.sent, now.acknowledged,
            now.acknowledged - before.acknowledged, now.reconnections, terminal ? "" : "\n");
}

/// The first signal asks the fleet to stop, a second one ends it.
void run_until_finished(sensor::Fleet& fleet, const sigset_t& signals, bool progress) {
    constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 20'000'000};
    constexpr auto kSecond = std::chrono::seconds(1);
    auto next_line = std::chrono::steady_clock::now() + kSecond;
    sensor::FleetProgress printed;
    bool stopping = false;
    while (!fleet.progress().finished) {
        if (sigtimedwait(&signals, nullptr, &kPause) > 0) {
            stopping ? fleet.abandon() : fleet.stop();
            stopping = true;
        }
        if (progress && std::chrono::steady_clock::now() >= next_line) {
            const sensor::FleetProgress now = fleet.progress();
            print_progress(now, printed);
            printed = now;
            next_line += kSecond;
        }
    }
    if (progress && isatty(STDERR_FILENO) == 1) {
        fmt::print(stderr, "\n");
    }
}

int run_sensor(SensorArguments& arguments) {
    if (auto read = read_arguments(arguments); !read) {
        fmt::print(stderr, "foz sensor: {}\n", read.error().message);
        return 2;
    }
    if (!set_up_log("warn")) {
        return 2;
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    sensor::Fleet fleet(arguments.options);
    if (auto started = fleet.start(); !started) {
        fmt::print(stderr, "foz sensor: {}\n", started.error().message);
        return 1;
    }
    run_until_finished(fleet, signals, arguments.progress || isatty(STDERR_FILENO) == 1);
    const sensor::Summary summary = fleet.wait();
    fmt::print("{}", arguments.json ? sensor::summary_json(summary, arguments.options)
                                    : sensor::summary_text(summary, arguments.options));
    const sensor::Statistics& statistics = summary.statistics;
    const bool good =
            statistics.connections > 0 && statistics.unacknowledged + statistics.refused == 0;
    return good ? 0 : 1;
}

}  // namespace

void add_sensor_command(CLI::App& app, int& exit_code) {
    CLI::App* const command =
            app.add_subcommand("sensor", "Simulate ESP32s that publish temperatures");
    command->footer(kFooter);
    const auto arguments = std::make_shared<SensorArguments>();
    add_load_options(*command, *arguments);
    add_message_options(*command, *arguments);
    command->callback([arguments, &exit_code] { exit_code = run_sensor(*arguments); });
}

}  // namespace foz::cli
