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
#include "config/named_files.h"
#include "config/quantity.h"
#include "config/settings_parser.h"
#include "mapping/mapping.h"
#include "pipeline/standstill_record.h"
#include "sink/sink.h"
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

/// The path, or the first folder above it that is there.
std::filesystem::path existing_part_of(const std::filesystem::path& path) {
    std::error_code ignored;
    std::filesystem::path there = std::filesystem::absolute(path, ignored);
    while (!std::filesystem::exists(there, ignored) && there.has_relative_path()) {
        there = there.parent_path();
    }
    return there;
}

void check_data_directory(const std::filesystem::path& data, Report& report) {
    std::error_code ignored;
    const std::filesystem::path there = existing_part_of(data);
    const bool exists = std::filesystem::exists(data, ignored);
    if (!exists && std::filesystem::is_symlink(std::filesystem::symlink_status(data, ignored))) {
        report.failed(fmt::format(
            "data directory {}: a symbolic link to what is not there, so that it cannot be made",
            data.string()
        ));
    } else if (!std::filesystem::is_directory(there, ignored)) {
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

/// Whether the disk has room for what the journal needs at once, and for all that it may take.
void check_room(const config::Settings& settings, Report& report) {
    constexpr std::uint64_t kSegmentsAtOnce = 2;
    std::error_code error;
    const auto space = std::filesystem::space(existing_part_of(settings.data), error);
    if (error) {
        return;  // the folder's own line says why
    }
    const config::Journal& journal = settings.journal;
    const std::uint64_t needed = journal.free_space_min + kSegmentsAtOnce * journal.segment_bytes;
    const std::string begin = fmt::format(
        "data directory {}: its disk has {} free",
        settings.data.string(),
        config::rounded_size_text(space.available)
    );
    if (space.available < needed) {
        report.failed(fmt::format(
            "{}, and foz needs {} to begin (journal.free_space_min = {} and two segments); make "
            "room, or choose another disk",
            begin,
            config::rounded_size_text(needed),
            config::rounded_size_text(journal.free_space_min)
        ));
    } else if (space.available - journal.free_space_min < journal.size_max) {
        report.warned(fmt::format(
            "{}, less than journal.size_max = {} and journal.free_space_min = {}: the disk is full "
            "before the journal is, and foz stops acknowledging then; make room, or lower "
            "journal.size_max",
            begin,
            config::rounded_size_text(journal.size_max),
            config::rounded_size_text(journal.free_space_min)
        ));
    }
}

/// SQLite makes its file, but no folder; foz makes the data folder.
bool check_sqlite_folder(
    const config::Settings& settings,
    const std::string& what,
    const std::string& url,
    Report& report
) {
    constexpr std::string_view kSqlite = "sqlite:";
    if (!url.starts_with(kSqlite)) {
        return true;
    }
    const std::filesystem::path file = url.substr(kSqlite.size());
    const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
    std::error_code ignored;
    if (std::filesystem::is_directory(folder, ignored) ||
        folder.lexically_normal() == settings.data.lexically_normal()) {
        return true;
    }
    report.failed(fmt::format(
        "{}: there is no folder {} for {}: make it, and let foz's user own it",
        what,
        folder.string(),
        file.filename().string()
    ));
    return false;
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
    if (!check_sqlite_folder(settings, what, url, report)) {
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
    const auto notes = pipeline::standstills_of(settings);
    if (!notes) {
        report.warned(notes.error().message);
        return;
    }
    for (const state::StandstillNote& note : *notes) {
        report.failed(fmt::format("database {}: {}", note.database, pipeline::describe(note)));
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
        check_room(*settings, report);
        for (const std::string& line : config::exposed_files(*settings)) {
            report.warned(line);
        }
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
