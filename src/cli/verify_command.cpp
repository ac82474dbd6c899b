// SPDX-License-Identifier: Apache-2.0
// foz verify: received = stored + duplicate + dead + waiting, checked against the databases.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "admin/verification.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/configuration.h"
#include "cli/failure.h"
#include "pipeline/standstill_record.h"

namespace foz::cli {
namespace {

struct VerifyArguments {
    ConfigurationArguments configuration;
    bool accept_gaps = false;
    bool no_row_counts = false;
};

void print(const std::string& database, const pipeline::Verification& found) {
    fmt::print("database {}\n", database);
    std::size_t width = 32;
    for (const pipeline::RouteTotals& route : found.routes) {
        width = std::max(width, route.route.size());
    }
    fmt::print("  {:<{}} {:>12} {:>12} {:>12} {:>12} {:>12}\n", "route", width, "received",
            "stored", "duplicate", "dead", "waiting");
    for (const pipeline::RouteTotals& route : found.routes) {
        fmt::print("  {:<{}} {:>12} {:>12} {:>12} {:>12} {:>12}\n", route.route, width,
                route.received, route.stored, route.duplicate, route.dead, route.waiting);
    }
    for (const pipeline::TableTotals& table : found.tables) {
        fmt::print("  table {}: {} rows, foz stored {}{}{}\n", table.table, table.rows,
                table.stored,
                table.former > 0 ? fmt::format(", routes of before {}", table.former) : "",
                table.foreign > 0 ? fmt::format(", other journals {}", table.foreign) : "");
    }
    if (found.deletes > 0) {
        fmt::print("  {} empty retained messages, which delete the one before, are no readings\n",
                found.deletes);
    }
    if (found.unrouted > 0) {
        fmt::print(
                "  no route takes {} messages that the journal has, by topic or by `where`; the "
                "topic of the last one: {}\n",
                found.unrouted, found.unrouted_topic);
    }
    for (const std::string& note : found.notes) {
        fmt::print("  note: {}\n", note);
    }
    for (const std::string& difference : found.differences) {
        fmt::print("  DIFFERENCE: {}\n", difference);
    }
}

void print(const admin::DatabaseVerification& database) {
    if (database.found) {
        print(database.database, *database.found);
    } else {
        static_cast<void>(failed("verify", database.found.error(), 1));
    }
}

int verify(const VerifyArguments& arguments) {
    auto settings = settings_for(arguments.configuration);
    if (!settings) {
        return failed("verify", settings.error(), 2);
    }
    const auto folder = admin::DataFolder::open(*std::move(settings));
    if (!folder) {
        return failed("verify", folder.error(), 1);
    }
    if (arguments.accept_gaps) {
        if (auto accepted = admin::accept_gaps(*folder); !accepted) {
            return failed("verify", accepted.error(), 1);
        }
    }
    const auto report = admin::verify(
            *folder, !arguments.no_row_counts, [](const auto& database) { print(database); });
    if (!report) {
        return failed("verify", report.error(), 1);
    }
    for (const state::StandstillNote& note : report->standstills) {
        fmt::print("STANDS STILL: database {}: {}\n", note.database,
                log_text(pipeline::describe(note)));
    }
    const admin::Verdict verdict = report->verdict();
    fmt::print("{}\n", admin::text_of(verdict));
    return verdict == admin::Verdict::adds_up ? 0 : 1;
}

}  // namespace

void add_verify_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<VerifyArguments>();
    CLI::App* command = app.add_subcommand(
            "verify", "Check that received = stored + duplicate + dead + waiting");
    add_configuration_options(*command, arguments->configuration);
    command->add_flag("--accept-gaps", arguments->accept_gaps,
            "No longer report the records that were gone when a database needed them");
    command->add_flag("--no-row-counts", arguments->no_row_counts,
            "Do not count the rows of the tables: others delete old ones, or write there too");
    command->footer(
            "Maps all that the journal has, counts the rows of each table, and compares both with "
            "the ledger that was\n"
            "committed with the rows. Changes nothing, and works while foz runs. Exit code 0: it "
            "adds up; 1: it does\n"
            "not, could not be read, or a lane stands still; 2: the configuration cannot be used.");
    command->callback([arguments, &exit_code] { exit_code = verify(*arguments); });
}

}  // namespace foz::cli
