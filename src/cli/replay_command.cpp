// SPDX-License-Identifier: Apache-2.0
// foz replay: what the journal still holds, through the mapping again.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "admin/replay.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/configuration.h"
#include "cli/failure.h"

namespace foz::cli {
namespace {

struct ReplayArguments {
    ConfigurationArguments configuration;
    admin::ReplayRequest request;
};

void print_progress(const admin::ReplayProgress& progress) {
    fmt::print(stderr, "database {}: at {} of {} {}\n", progress.database, progress.position,
            progress.until, progress.last_error);
}

void print(const admin::DatabaseReplay& done) {
    if (done.was_complete) {
        fmt::print(
                "database {}: {} was complete already, nothing was written; to write the same "
                "records once more, give another --name\n",
                done.database, done.lane);
    }
    for (const sink::LedgerLine& line : *done.ledger) {
        fmt::print("database {}, route {}: {} stored, {} duplicate, {} dead in {}\n", done.database,
                line.route, line.stored, line.duplicate, line.dead, done.lane);
    }
}

int replay(const ReplayArguments& arguments) {
    auto settings = settings_for(arguments.configuration);
    if (!settings) {
        return failed("replay", settings.error(), 2);
    }
    const auto folder = admin::DataFolder::open(*std::move(settings));
    if (!folder) {
        return failed("replay", folder.error(), 1);
    }
    static_cast<void>(set_up_log("warn"));
    int exit_code = 0;
    const auto replayed = admin::replay(
            *folder, arguments.request, print_progress, [&](const admin::DatabaseReplay& done) {
                if (done.ledger) {
                    print(done);
                } else {
                    exit_code = failed("replay", done.ledger.error(), 1);
                }
            });
    return replayed ? exit_code : failed("replay", replayed.error());
}

}  // namespace

void add_replay_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<ReplayArguments>();
    CLI::App* command = app.add_subcommand(
            "replay", "Write again what the journal still holds, with the mapping as it is now");
    command->add_option("--from", arguments->request.from,
                   "First record: its position, or a time in UTC")
            ->required();
    command->add_option("--to", arguments->request.to,
            "Stop before this position or time (default: the journal's end)");
    command->add_option("--route", arguments->request.route, "Only this route");
    command->add_option("--name", arguments->request.name,
            "Name of the replay (default: its first position and route)");
    add_configuration_options(*command, arguments->configuration);
    command->footer(
            "Each replay has a name, under which the database remembers how far it has come: "
            "started again, it goes on\n"
            "there and writes nothing twice. To replay the same records once more, give another "
            "--name. Rows that are in\n"
            "the table already are written again unless the route has a key. Works while foz "
            "runs.");
    command->callback([arguments, &exit_code] { exit_code = replay(*arguments); });
}

}  // namespace foz::cli
