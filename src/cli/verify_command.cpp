// SPDX-License-Identifier: Apache-2.0
// foz verify: received = stored + duplicate + dead + waiting, checked against the databases.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/data_folder.h"
#include "cli/failure.h"
#include "pipeline/standstill_record.h"
#include "pipeline/verification.h"
#include "sink/make_sink.h"
#include "state/lane_history.h"

namespace foz::cli {
namespace {

struct VerifyArguments {
    DataFolderArguments folder;
    bool accept_gaps = false;
    bool no_row_counts = false;
};

void print(const std::string& database, const pipeline::Verification& found) {
    fmt::print("database {}\n", database);
    std::size_t width = 32;
    for (const pipeline::RouteTotals& route : found.routes) {
        width = std::max(width, route.route.size());
    }
    fmt::print(
        "  {:<{}} {:>12} {:>12} {:>12} {:>12} {:>12}\n",
        "route",
        width,
        "received",
        "stored",
        "duplicate",
        "dead",
        "waiting"
    );
    for (const pipeline::RouteTotals& route : found.routes) {
        fmt::print(
            "  {:<{}} {:>12} {:>12} {:>12} {:>12} {:>12}\n",
            route.route,
            width,
            route.received,
            route.stored,
            route.duplicate,
            route.dead,
            route.waiting
        );
    }
    for (const pipeline::TableTotals& table : found.tables) {
        fmt::print(
            "  table {}: {} rows, foz stored {}{}{}\n",
            table.table,
            table.rows,
            table.stored,
            table.former > 0 ? fmt::format(", routes of before {}", table.former) : "",
            table.foreign > 0 ? fmt::format(", other journals {}", table.foreign) : ""
        );
    }
    if (found.deletes > 0) {
        fmt::print(
            "  {} empty retained messages, which delete the one before, are no readings\n",
            found.deletes
        );
    }
    if (found.unrouted > 0) {
        fmt::print(
            "  no route takes {} messages that the journal has, by topic or by `where`; the topic "
            "of the last "
            "one: {}\n",
            found.unrouted,
            found.unrouted_topic
        );
    }
    for (const std::string& note : found.notes) {
        fmt::print("  note: {}\n", note);
    }
    for (const std::string& difference : found.differences) {
        fmt::print("  DIFFERENCE: {}\n", difference);
    }
}

// Whether the database adds up.
Result<bool> verify_database(
    const config::Settings& settings,
    const config::Database& database,
    const std::string& journal,
    state::StateDatabase& state,
    bool count_rows
) {
    auto mapping = mapping::Mapping::compile(settings, database.name);
    if (!mapping) {
        return pass_on(mapping);
    }
    auto sink = sink::make_sink(settings, database);
    if (!sink) {
        return pass_on(sink);
    }
    const pipeline::VerifiedDatabase verified{
        database.name, database.lanes, journal, **sink, *mapping, count_rows
    };
    auto found = pipeline::verify(verified, state, [&] { return open_journal(settings); });
    if (!found) {
        return fail(found.error().code, "database {}: {}", database.name, found.error().message);
    }
    print(database.name, *found);
    return found->differences.empty();
}

// Whether a lane of a configured database stands still, as its foz has noted.
Result<bool> any_stands_still(const config::Settings& settings, const std::string& journal) {
    auto notes = pipeline::standstills_of(settings);
    if (!notes) {
        return pass_on(notes);
    }
    std::erase_if(*notes, [&](const auto& note) { return note.journal != journal; });
    for (const state::StandstillNote& note : *notes) {
        fmt::print(
            "STANDS STILL: database {}: {}\n", note.database, log_text(pipeline::describe(note))
        );
    }
    return !notes->empty();
}

std::string_view verdict(bool balanced, bool checked, bool moves) {
    return !balanced  ? "it does not add up"
           : !checked ? "not everything could be checked"
           : !moves   ? "it adds up, but readings wait for a lane that stands still"
                      : "it adds up";
}

int verify(const VerifyArguments& arguments) {
    auto settings = settings_for(arguments.folder);
    if (!settings) {
        return failed("verify", settings.error(), 2);
    }
    auto state = open_state(*settings);
    if (!state) {
        return failed("verify", state.error(), 1);
    }
    auto journal = open_journal(*settings);
    if (!journal) {
        return failed("verify", journal.error(), 1);
    }
    const std::string id = (*journal)->status().id;
    if (arguments.accept_gaps) {
        if (auto accepted = state::accept_gaps(**state, id); !accepted) {
            return failed("verify", accepted.error(), 1);
        }
    }
    bool all_checked = true;
    bool all_balanced = true;
    for (const config::Database& database : settings->databases) {
        auto balanced = verify_database(*settings, database, id, **state, !arguments.no_row_counts);
        if (!balanced) {
            static_cast<void>(failed("verify", balanced.error(), 1));
            all_checked = false;
        } else {
            all_balanced = all_balanced && *balanced;
        }
    }
    const auto any_still = any_stands_still(*settings, id);
    if (!any_still) {
        return failed("verify", any_still.error(), 1);
    }
    fmt::print("{}\n", verdict(all_balanced, all_checked, !*any_still));
    return all_balanced && all_checked && !*any_still ? 0 : 1;
}

}  // namespace

void add_verify_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<VerifyArguments>();
    CLI::App* command =
        app.add_subcommand("verify", "Check that received = stored + duplicate + dead + waiting");
    command->add_option(
        "--config", arguments->folder.config, "The configuration; without it, the defaults"
    );
    command->add_option(
        "--data", arguments->folder.data, "The data folder, instead of the configured one"
    );
    command->add_flag(
        "--accept-gaps",
        arguments->accept_gaps,
        "No longer report the records that were gone when a database needed them"
    );
    command->add_flag(
        "--no-row-counts",
        arguments->no_row_counts,
        "Do not count the rows of the tables: others delete old ones, or write there too"
    );
    command->footer(
        "Maps all that the journal has, counts the rows of each table, and compares both with the "
        "ledger that was\n"
        "committed with the rows. Changes nothing, and works while foz runs. Exit code 0: it adds "
        "up; 1: it does\n"
        "not, could not be read, or a lane stands still; 2: the configuration cannot be used."
    );
    command->callback([arguments, &exit_code] { exit_code = verify(*arguments); });
}

}  // namespace foz::cli
