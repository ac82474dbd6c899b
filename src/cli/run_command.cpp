// SPDX-License-Identifier: Apache-2.0
// foz run: the server, until SIGINT or SIGTERM.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <sys/resource.h>

#include "base/log.h"
#include "base/redaction.h"
#include "cli/commands.h"
#include "config/database_access.h"
#include "config/named_files.h"
#include "config/settings_parser.h"
#include "server/server.h"

namespace foz::cli {
namespace {

struct RunArguments {
    std::string config;
    std::string data;
};

constexpr std::chrono::seconds kDrainTime{10};

/// Each connection is a file descriptor; the default soft limit of 1,024 suits no server. What the
/// journal and the databases need is kept free of connections.
void provide_for_open_files(config::Limits& limits) {
    constexpr rlim_t kReserve = 128;
    constexpr rlim_t kConnectionsMin = 16;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)::setrlimit(RLIMIT_NOFILE, &limit);
    }
    const rlim_t room = std::max(limit.rlim_max, kReserve + kConnectionsMin) - kReserve;
    if (room < limits.connections) {
        spdlog::warn(
                "a process may have only {} files open here, so at most {} connections are taken, "
                "not the {} of limits.connections; raise the limit (LimitNOFILE= of systemd, or "
                "ulimit -Hn)",
                limit.rlim_max, room, limits.connections);
        limits.connections = static_cast<std::uint32_t>(room);
        limits.connections_unidentified =
                std::min(limits.connections_unidentified, limits.connections);
    }
}

/// Blocks the signals that foz waits for, in every thread.
sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return signals;
}

void log_configuration(const std::string& config) {
    std::error_code ignored;
    if (!config.empty()) {
        spdlog::info("configuration: {}", config);
    } else if (std::filesystem::exists("foz.toml", ignored)) {
        spdlog::warn(
                "no --config, so the defaults are used; the foz.toml in this folder is not. To use "
                "it: foz run --config foz.toml");
    } else {
        spdlog::info("no --config, so the defaults are used");
    }
}

void log_start(const config::Settings& settings, const server::Server& server) {
    for (const std::string& listener : server.describe_listeners()) {
        spdlog::info("{}", listener);
    }
    spdlog::info("journal in {}", (settings.data / "journal").string());
    for (const config::Database& database : settings.databases) {
        spdlog::info("database {}: {}", database.name,
                redacted_url(config::database_url(settings, database)));
    }
    switch (settings.ack) {
        case config::Ack::journal: break;
        case config::Ack::commit:
            spdlog::info(
                    "ack = \"commit\": messages are acknowledged when every database has them");
            break;
        case config::Ack::memory:
            spdlog::warn(
                    "ack = \"memory\": messages are acknowledged before they are on disk; a crash "
                    "can lose them");
            break;
    }
}

int run(const RunArguments& arguments) {
    config::Settings settings = config::default_settings();
    if (!arguments.config.empty()) {
        auto loaded = config::load_settings(arguments.config);
        if (!loaded) {
            for (const std::string& line : loaded.error().lines) {
                fmt::print(stderr, "foz run: {}\n", line);
            }
            return 2;
        }
        settings = std::move(*loaded);
    }
    if (!arguments.data.empty()) {
        settings.data = arguments.data;
    }
    if (!set_up_log(settings.log_level)) {
        fmt::print(stderr, "foz run: unknown log level \"{}\"\n", settings.log_level);
        return 2;
    }
    log_configuration(arguments.config);
    // One alone is named where it is used, with more about it.
    if (const auto unreadable = config::unreadable_files(settings); unreadable.size() > 1) {
        for (const std::string& line : unreadable) {
            fmt::print(stderr, "foz run: {}\n", line);
        }
        return 1;
    }
    for (const std::string& line : config::exposed_files(settings)) {
        spdlog::warn("{}", line);
    }
    provide_for_open_files(settings.limits);
    const sigset_t signals = block_signals();
    auto server = server::Server::start(settings, real_file_system(), real_clock());
    if (!server) {
        fmt::print(stderr, "foz run: {}\n", server.error().message);
        return server.error().code == ErrorCode::invalid ? 2 : 1;
    }
    log_start(settings, **server);
    int received = 0;
    while (::sigwait(&signals, &received) == 0 && received == SIGHUP) {
        spdlog::info("SIGHUP: reading certificates and password files again");
        (*server)->reload();
    }
    spdlog::info("stopping: acknowledging and storing what was received");
    if ((*server)->drain(real_clock().steady_now() + kDrainTime)) {
        spdlog::info("stopped; everything received is stored");
    } else {
        spdlog::info(
                "stopped; what is not stored yet is in the journal and will be at the next start");
    }
    return 0;
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<RunArguments>();
    CLI::App* command =
            app.add_subcommand("run", "Receive messages over MQTT and store them, until Ctrl-C");
    command->add_option("--config", arguments->config,
            "Configuration file; without one: MQTT on 127.0.0.1:1883, SQLite");
    command->add_option(
            "--data", arguments->data, "Directory for journal and state (default: data)");
    command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace foz::cli
