// SPDX-License-Identifier: Apache-2.0
// `foz journal`: what the journal holds. Looks only, also while foz runs; but for `foz journal
// forget` and `foz journal new-id`.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "admin/data_folder.h"
#include "admin/journal_changes.h"
#include "admin/journal_view.h"
#include "cli/commands.h"
#include "cli/configuration.h"
#include "cli/failure.h"

namespace foz::cli {
namespace {

struct JournalArguments {
    ConfigurationArguments configuration;
    std::string from;
    std::uint64_t count = UINT64_MAX;
    std::string cursor;
};

Result<void> show_journal(const config::Settings& settings, const JournalArguments&) {
    auto view = admin::view_journal(settings);
    if (!view) {
        return pass_on(view);
    }
    const journal::Status& status = view->status;
    fmt::print("journal    {}\nfolder     {}\n", status.id, view->folder.string());
    fmt::print("positions  {} to {} ({} records)\n", status.first, status.end,
            journal::records_between(status.first, status.end));
    fmt::print("on disk    {} bytes in {} segments\n\n", status.disk_bytes, view->segments.size());
    fmt::print("{:>20}  {:>12}  {:>14}  {}\n", "FIRST POSITION", "RECORDS", "BYTES", "FROM");
    for (const auto& segment : view->segments) {
        fmt::print("{:>20}  {:>12}  {:>14}  {}\n", segment.first,
                journal::records_between(segment.first, segment.end), segment.file_bytes,
                admin::utc_text(segment.first_appended));
    }
    fmt::print("\n{:>20}  {:>12}  {}\n", "CURSOR", "BEHIND",
            "NAME (as saved, while foz runs: every second)");
    for (const auto& cursor : view->cursors) {
        const auto behind = journal::records_between(cursor.position, status.end);
        fmt::print("{:>20}  {:>12}  {}\n", cursor.position, behind, admin::ascii_text(cursor.name));
    }
    return {};
}

Result<void> print_records(const config::Settings& settings, const JournalArguments& arguments) {
    return admin::for_each_record(
            settings, arguments.from, arguments.count, [](const journal::Record& record) {
                fmt::print("{} {} {}\n", record.position, admin::utc_text(record.appended),
                        admin::describe(record));
            });
}

Result<void> forget_cursor(const config::Settings& settings, const JournalArguments& arguments) {
    auto forgotten = admin::forget_cursor(settings, arguments.cursor);
    if (!forgotten) {
        return pass_on(forgotten);
    }
    fmt::print("{}: {} records, from {} on, are given up\n",
            admin::ascii_text(forgotten->cursor.name), forgotten->records,
            forgotten->cursor.position);
    return {};
}

Result<void> renew_id(const config::Settings& settings, const JournalArguments& arguments) {
    auto renewal = admin::renew_journal_id(settings, arguments.from);
    if (!renewal) {
        return pass_on(renewal);
    }
    fmt::print("the journal's id was {} and is {} now\n", renewal->before, renewal->after);
    for (const state::RenewedDatabase& database : renewal->databases) {
        fmt::print(
                "database {}: begins at record {}. What lies behind it and was stored under the "
                "old id already is stored once more, but where its route has a key\n",
                admin::ascii_text(database.name), database.since);
    }
    return {};
}

using Action = Result<void> (*)(const config::Settings&, const JournalArguments&);

int run(const JournalArguments& arguments, Action action) {
    const auto settings = settings_for(arguments.configuration);
    if (!settings) {
        return failed("journal", settings.error());
    }
    const auto done = action(*settings, arguments);
    return done ? 0 : failed("journal", done.error());
}

}  // namespace

void add_journal_command(CLI::App& app, int& exit_code) {
    const auto arguments = std::make_shared<JournalArguments>();
    CLI::App* const command = app.add_subcommand("journal",
            "Show what the journal holds: positions, segments, cursors. Also while foz runs");
    add_configuration_options(*command, arguments->configuration);
    CLI::App* const print = command->add_subcommand("print", "Prints records, a line each");
    print->add_option("--from", arguments->from, "Position, or time in UTC (2026-11-22T18:00:00Z)");
    print->add_option("--count", arguments->count, "At most this many");
    CLI::App* const forget = command->add_subcommand("forget",
            "Gives up what waits for a database that is no longer configured. Not while foz runs");
    forget->add_option("CURSOR", arguments->cursor, "Its cursor, as `foz journal` shows it")
            ->required();
    CLI::App* const new_id = command->add_subcommand("new-id",
            "Gives the journal an id of its own, when its data folder is a copy or was restored "
            "from a snapshot. Not while foz runs");
    new_id->add_option("--from", arguments->from,
            "Store what came from here on: position, or time in UTC (default: what each database "
            "has not stored yet, as far as the journal knows)");
    for (CLI::App* const action : {print, forget, new_id}) {
        action->fallthrough();  // --data and --config may stand behind it
    }
    command->callback([arguments, &exit_code, print, forget, new_id] {
        exit_code = run(*arguments, print->parsed()    ? print_records
                                    : forget->parsed() ? forget_cursor
                                    : new_id->parsed() ? renew_id
                                                       : show_journal);
    });
}

}  // namespace foz::cli
