// SPDX-License-Identifier: Apache-2.0
// foz check: what is wrong with a configuration, before foz runs with it. Changes nothing,
// anywhere.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/listener_report.h"
#include "cli/remote_check.h"
#include "cli/report.h"
#include "config/database_access.h"
#include "config/settings_parser.h"
#include "mapping/mapping.h"
#include "sink/sink.h"
#include "sink/standstill_record.h"
#include "sink/table_fit.h"

namespace foz::cli {
namespace {

struct CheckArguments {
    std::optional<std::string> config;
    std::optional<std::string> data;
    std::optional<std::string> client_id;
    bool connect = false;
};

std::optional<config::Settings> read_settings(const CheckArguments& arguments, Report& report) {
    config::Settings settings = config::default_settings();
    if (arguments.config) {
        auto loaded = config::load_settings(*arguments.config);
        if (!loaded) {
            for (const std::string& line : loaded.error().lines) {
                report.unusable(line);
            }
            return std::nullopt;
        }
        settings = std::move(*loaded);
    }
    if (arguments.data) {
        settings.data = *arguments.data;
    }
    report.ok(fmt::format(
        "{}: listeners {}, sources {}, bridges {}, databases {}, routes {}",
        arguments.config ? *arguments.config : "no --config, so the defaults",
        settings.listeners.size(),
        settings.sources.size(),
        settings.bridges.size(),
        settings.databases.size(),
        settings.routes.size()
    ));
    return settings;
}

void check_data_directory(const std::filesystem::path& data, Report& report) {
    std::error_code ignored;
    std::filesystem::path there = std::filesystem::absolute(data, ignored);
    while (!std::filesystem::exists(there, ignored) && there.has_relative_path()) {
        there = there.parent_path();
    }
    const bool exists = std::filesystem::exists(data, ignored);
    if (!std::filesystem::is_directory(there, ignored)) {
        report.failed(
            fmt::format("data directory {}: {} is not a directory", data.string(), there.string())
        );
    } else if (::access(there.c_str(), W_OK | X_OK) != 0) {
        report.failed(fmt::format(
            "data directory {}: cannot write to {}: {}; choose another with --data, or change its "
            "owner",
            data.string(),
            there.string(),
            errno_message(errno)
        ));
    } else {
        report.ok(fmt::format(
            "data directory {}: {}", data.string(), exists ? "writable" : "will be created"
        ));
    }
}

std::string with_code(const sink::SinkError& error) {
    return error.code.empty() ? error.message : fmt::format("{} [{}]", error.message, error.code);
}

void inspect_database(
    const std::string& what, sink::Sink& sink, const mapping::Mapping& mapping, Report& report
) {
    const auto tables = sink.inspect(mapping);
    if (!tables) {
        report.failed(fmt::format("{}: {}", what, with_code(tables.error())));
        return;
    }
    report.ok(fmt::format("{}: connected", what));
    for (const std::string& line : *tables) {
        report.ok(fmt::format("{}: {}", what, line));
    }
}

void check_database(
    const config::Settings& settings, const config::Database& database, bool connect, Report& report
) {
    const std::string what = fmt::format("database {}", database.name);
    const auto mapping = mapping::Mapping::compile(settings, database.name);
    if (!mapping) {
        report.unusable(mapping.error().message);
        return;
    }
    auto password = config::read_password(database);
    if (!password) {
        report.failed(fmt::format("{}: {}", what, password.error().message));
        return;
    }
    const std::string url = config::database_url(settings, database);
    const auto kind = sink::sink_kind_for(url);
    if (!kind) {
        report.unusable(fmt::format("{}: {}", what, kind.error().message));
        return;
    }
    const auto sink =
        (*kind)->make({url, *password, database.connect_timeout, database.answer_timeout});
    if (!sink) {
        report.unusable(fmt::format("{}: {}", what, sink.error().message));
        return;
    }
    report.ok(fmt::format(
        "{}: {}, routes {}, tables {}",
        what,
        (*kind)->dialect().name(),
        mapping->routes().size(),
        mapping->tables().size()
    ));
    if (connect) {
        inspect_database(what, **sink, *mapping, report);
        return;
    }
    for (const auto& table : mapping->tables()) {
        if (const std::string doubt = sink::redelivery_doubt(*table); !doubt.empty()) {
            report.warned(fmt::format("{}: table {}: {}", what, table->name, doubt));
        }
    }
}

// What the lanes have noted in state.db, the one of a foz that runs or ran last.
void check_standstills(const config::Settings& settings, Report& report) {
    const auto notes = sink::standstills_of(settings);
    if (!notes) {
        report.warned(notes.error().message);
        return;
    }
    for (const state::StandstillNote& note : *notes) {
        report.failed(fmt::format("database {}: {}", note.database, sink::describe(note)));
    }
}

void check_listener(const config::Listener& listener, Report& report) {
    const ListenerReport found = report_listener(listener);
    for (const std::string& line : found.good) {
        report.ok(line);
    }
    for (const std::string& line : found.doubtful) {
        report.warned(line);
    }
    for (const std::string& line : found.bad) {
        report.failed(line);
    }
}

int check(const CheckArguments& arguments) {
    spdlog::set_level(spdlog::level::off);  // everything is said here
    Report report;
    if (const auto settings = read_settings(arguments, report)) {
        check_data_directory(settings->data, report);
        const RemoteCheck how{arguments.connect, arguments.client_id};
        for (const config::Source& source : settings->sources) {
            check_source(source, how, report);
        }
        for (const config::Bridge& bridge : settings->bridges) {
            check_bridge(bridge, how, report);
        }
        for (const config::Listener& listener : settings->listeners) {
            check_listener(listener, report);
        }
        for (const config::Database& database : settings->databases) {
            check_database(*settings, database, arguments.connect, report);
        }
        check_standstills(*settings, report);
    }
    return report.exit_code();
}

}  // namespace

void add_check_command(CLI::App& app, int& exit_code) {
    auto* const command = app.add_subcommand("check", "Say what is wrong with a configuration");
    const auto arguments = std::make_shared<CheckArguments>();
    command->add_option(
        "--config", arguments->config, "The configuration; without it, the defaults"
    );
    command->add_option(
        "--data", arguments->data, "The data directory, instead of the configured one"
    );
    command->add_flag(
        "--connect",
        arguments->connect,
        "Connect to each database too, and compare its tables with what the routes want; connect "
        "to each source and bridge, and subscribe there"
    );
    command->add_option(
        "--client-id",
        arguments->client_id,
        "With --connect: the client id at sources and bridges; without it, the configured one and "
        "\"-check\". "
        "Not one that foz runs with: the broker would hang up on that"
    );
    command->footer(
        "One line for each thing that was checked, \"ok\", \"warn\" or \"error\"; \"seen\" is what "
        "a\n"
        "broker showed that is not what it must be. Changes nothing.\n"
        "Exit code 0: foz can run, perhaps with warnings, such as of a certificate that has\n"
        "expired or is not valid yet (is the clock set?); 1: something is not as it must be here "
        "and now, such as a\n"
        "database that does not answer; 2: the configuration cannot be used."
    );
    command->callback([arguments, &exit_code] { exit_code = check(*arguments); });
}

}  // namespace foz::cli
