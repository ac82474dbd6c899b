// SPDX-License-Identifier: Apache-2.0
// foz replay: what the journal still holds, through the mapping again.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/data_folder.h"
#include "cli/failure.h"
#include "pipeline/runner.h"
#include "sink/make_sink.h"

namespace foz::cli {
namespace {

constexpr std::size_t kLaneBytesMax = 128;  // what foz_cursor takes in every database

struct ReplayArguments {
    DataFolderArguments folder;
    std::string from;
    std::string to;
    std::string route;
    std::string name;
};

struct Replay {
    pipeline::RunnerOptions lane;
    journal::Position until = 0;
};

// Whether this replay came to its end before. A database that cannot be asked is the runner's to
// wait for.
bool is_done(sink::Sink& sink, const std::string& journal_id, const Replay& replay) {
    const auto audit = sink.audit(journal_id, {});
    sink.close();
    return audit && std::ranges::any_of(audit->lanes, [&](const sink::LaneState& lane) {
               return lane.lane == replay.lane.lane && lane.cursor.position >= replay.until;
           });
}

// Writes the routes of one database that are left in `settings`; how many rows it stored.
Result<void> replay_into(
    const config::Settings& settings,
    const config::Database& database,
    journal::Journal& journal,
    state::StateDatabase& state,
    const Replay& replay
) {
    auto mapping = mapping::Mapping::compile(settings, database.name);
    if (!mapping) {
        return pass_on(mapping);
    }
    if (mapping->routes().empty()) {
        return {};
    }
    auto sink = sink::make_sink(settings, database);
    if (!sink) {
        return pass_on(sink);
    }
    if (is_done(**sink, journal.status().id, replay)) {
        fmt::print(
            "database {}: {} was complete already, nothing was written; to write the same records "
            "once more, give another --name\n",
            database.name,
            replay.lane.lane
        );
        return {};
    }
    pipeline::RunnerOptions options = replay.lane;
    options.until = replay.until;
    options.database = database.name;
    options.batch_rows_max = database.batch_rows_max;
    options.retry_delay_max = database.retry_delay_max;
    pipeline::Runner runner(
        {journal, state, real_clock(), std::move(*mapping), std::move(*sink), {}}, options
    );
    runner.start();
    using namespace std::chrono_literals;
    while (!runner.wait_until_over(real_clock().steady_now() + 1s)) {
        const pipeline::RunnerStatus status = runner.status();
        fmt::print(
            stderr,
            "database {}: at {} of {} {}\n",
            database.name,
            status.cursor.position,
            replay.until,
            status.last_error
        );
    }
    runner.stop(real_clock().steady_now());
    const pipeline::RunnerStatus status = runner.status();
    if (status.cursor.position < replay.until) {
        return fail(ErrorCode::unavailable, "database {}: {}", database.name, status.last_error);
    }
    for (const sink::LedgerLine& line : status.ledger) {
        fmt::print(
            "database {}, route {}: {} stored, {} duplicate, {} dead in {}\n",
            database.name,
            line.route,
            line.stored,
            line.duplicate,
            line.dead,
            options.lane
        );
    }
    return {};
}

Result<Replay> replay_for(const ReplayArguments& arguments, journal::Journal& journal) {
    auto from = position_from(journal, arguments.from);
    if (!from) {
        return pass_on(from);
    }
    const journal::Position end = journal.durable_end();
    Result<journal::Position> to =
        arguments.to.empty() ? end : position_from(journal, arguments.to);
    if (!to) {
        return pass_on(to);
    }
    if (*from < journal.status().first || *from > end) {
        return fail(
            ErrorCode::not_found,
            "the journal has the records from {} up to, but not including, {}; {} is not among "
            "them",
            journal.status().first,
            end,
            *from
        );
    }
    if (*to < *from) {
        return fail(ErrorCode::invalid, "--to {} is before --from {}", *to, *from);
    }
    pipeline::RunnerOptions options;
    options.lane = !arguments.name.empty()   ? "replay-" + arguments.name
                   : arguments.route.empty() ? fmt::format("replay-{}", *from)
                                             : fmt::format("replay-{}-{}", *from, arguments.route);
    if (options.lane.size() > kLaneBytesMax) {
        return fail(
            ErrorCode::invalid,
            "the replay's name \"{}\" is {} bytes long and may have {} at most: give a shorter "
            "--name",
            options.lane,
            options.lane.size(),
            kLaneBytesMax
        );
    }
    options.since = *from;
    options.holds_journal = false;
    return Replay{.lane = std::move(options), .until = std::min(*to, end)};
}

int replay(const ReplayArguments& arguments) {
    auto settings = settings_for(arguments.folder);
    if (!settings) {
        return failed("replay", settings.error(), 2);
    }
    if (!arguments.route.empty()) {
        std::erase_if(settings->routes, [&](const config::Route& route) {
            return route.name != arguments.route &&
                   fmt::format("{} -> {}", route.topic, route.table) != arguments.route;
        });
        if (settings->routes.empty()) {
            return failed(
                "replay",
                {ErrorCode::invalid, fmt::format("there is no route \"{}\"", arguments.route)},
                2
            );
        }
    }
    auto state = open_state(*settings);
    if (!state) {
        return failed("replay", state.error(), 1);
    }
    auto journal = open_journal(*settings);
    if (!journal) {
        return failed("replay", journal.error(), 1);
    }
    auto planned = replay_for(arguments, **journal);
    if (!planned) {
        return failed("replay", planned.error());
    }
    static_cast<void>(set_up_log("warn"));
    int exit_code = 0;
    for (const config::Database& database : settings->databases) {
        if (auto done = replay_into(*settings, database, **journal, **state, *planned); !done) {
            exit_code = failed("replay", done.error(), 1);
        }
    }
    return exit_code;
}

}  // namespace

void add_replay_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<ReplayArguments>();
    CLI::App* command = app.add_subcommand(
        "replay", "Write again what the journal still holds, with the mapping as it is now"
    );
    command->add_option("--from", arguments->from, "First record: its position, or a time in UTC")
        ->required();
    command->add_option(
        "--to", arguments->to, "Stop before this position or time (default: the journal's end)"
    );
    command->add_option("--route", arguments->route, "Only this route");
    command->add_option(
        "--name", arguments->name, "Name of the replay (default: its first position and route)"
    );
    command->add_option(
        "--config", arguments->folder.config, "The configuration; without it, the defaults"
    );
    command->add_option(
        "--data", arguments->folder.data, "The data folder, instead of the configured one"
    );
    command->footer(
        "Each replay has a name, under which the database remembers how far it has come: started "
        "again, it goes on\n"
        "there and writes nothing twice. To replay the same records once more, give another "
        "--name. Rows that are in\n"
        "the table already are written again unless the route has a key. Works while foz runs."
    );
    command->callback([arguments, &exit_code] { exit_code = replay(*arguments); });
}

}  // namespace foz::cli
