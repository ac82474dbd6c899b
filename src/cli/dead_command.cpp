// SPDX-License-Identifier: Apache-2.0
// foz dead: the readings that could not be stored.
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "admin/dead_letters.h"
#include "base/log.h"
#include "base/printable.h"
#include "cli/commands.h"
#include "cli/configuration.h"
#include "cli/failure.h"

namespace foz::cli {
namespace {

struct DeadArguments {
    ConfigurationArguments configuration;
    bool discards = false;
    state::LetterFilter filter;
};

void print_line(const state::DeadLetter& letter) {
    fmt::print("{:>6}  {}  {:<9}  {}  {}  {}{}\n", letter.id, admin::utc_text(letter.received),
            state::name_of(letter.status), letter.route, printable(letter.topic),
            printable(letter.reason), letter.code.empty() ? "" : fmt::format(" [{}]", letter.code));
}

void print_whole(const state::DeadLetter& letter) {
    fmt::print(
            "letter      {} ({})\ndatabase    {}\nroute       {}\ntopic       {}\nclient      "
            "{}\nreceived    {}\nposition    {}\nreason      {}\ncode        {}\nfirst seen  "
            "{}\npayload     {}\n\n",
            letter.id, state::name_of(letter.status), letter.database, letter.route,
            printable_whole(letter.topic), printable_whole(letter.client),
            admin::utc_text(letter.received), letter.position, printable_whole(letter.reason),
            letter.code, admin::utc_text(letter.first_seen), admin::payload_text(letter));
}

void print_json(const state::DeadLetter& letter) {
    fmt::print("{}\n", admin::json_of(letter));
}

using Print = void (*)(const state::DeadLetter&);

int print_letters(const admin::DataFolder& folder, const state::LetterFilter& filter, Print print) {
    auto read = admin::for_each_dead_letter(folder, filter, [&](const state::DeadLetter& letter) {
        print(letter);
        return true;
    });
    return read ? 0 : failed("dead", read.error(), 1);
}

int discard(const admin::DataFolder& folder, const state::LetterFilter& filter) {
    const auto discarded = admin::discard_dead_letters(folder, filter);
    if (!discarded) {
        return failed("dead", discarded.error(), 1);
    }
    if (const auto& missing = discarded->reserve_missing) {
        static_cast<void>(failed("dead", *missing));
    }
    fmt::print("{} discarded\n", discarded->count);
    return 0;
}

int replay(const admin::DataFolder& folder, const state::LetterFilter& filter) {
    const auto replayed = admin::replay_dead_letters(folder, filter);
    if (!replayed) {
        return failed("dead", replayed.error(), 1);
    }
    int exit_code = 0;
    for (const auto& [database, result] : *replayed) {
        if (!result) {
            fmt::print(stderr, "foz dead: database {}: {}\n", database, result.error().message);
            exit_code = 1;
            continue;
        }
        fmt::print("database {}: {} stored, {} duplicate, {} still dead\n", database,
                result->stored, result->duplicate, result->dead);
    }
    return exit_code;
}

using Action = std::function<int(const admin::DataFolder&, const state::LetterFilter&)>;

bool is_for_all(const state::LetterFilter& filter) {
    return !filter.id && filter.database.empty() && filter.route.empty() && filter.reason.empty();
}

/// On standard error: what is exported stays JSON.
int nothing_fits(const state::LetterFilter& filter) {
    if (filter.id) {
        fmt::print(stderr,
                "foz dead: there is no dead letter {}{}; foz dead list shows those that there "
                "are\n",
                *filter.id,
                filter.database.empty() && filter.route.empty() && filter.reason.empty()
                        ? ""
                        : " that fits");
        return 1;
    }
    fmt::print(stderr, "foz dead: there are no dead letters{}\n",
            is_for_all(filter) ? "" : " that fit");
    return 0;
}

int run(const DeadArguments& arguments, const Action& action) {
    auto settings = settings_for(arguments.configuration);
    if (!settings) {
        return failed("dead", settings.error(), 2);
    }
    if (arguments.discards && admin::free_space_for_discarding(*settings)) {
        fmt::print(stderr,
                "foz dead: the disk is full; the space of state.reserve is used meanwhile\n");
    }
    const auto folder = admin::DataFolder::open(*std::move(settings));
    if (!folder) {
        return failed("dead", folder.error(), 1);
    }
    static_cast<void>(set_up_log("warn"));
    const auto any = admin::any_dead_letter(*folder, arguments.filter);
    if (!any) {
        return failed("dead", any.error(), 1);
    }
    return *any ? action(*folder, arguments.filter) : nothing_fits(arguments.filter);
}

CLI::App* add_action(CLI::App& dead, int& exit_code, const std::string& name,
        const std::string& what, Action action) {
    auto arguments = std::make_shared<DeadArguments>();
    arguments->discards = name == "discard";
    CLI::App* command = dead.add_subcommand(name, what);
    command->add_option("id", arguments->filter.id, "Only the letter with this number");
    command->add_option("--database", arguments->filter.database, "Only of this database");
    command->add_option("--route", arguments->filter.route, "Only of this route");
    command->add_option("--reason", arguments->filter.reason,
            "Only with this in the reason, or with this code");
    add_configuration_options(*command, arguments->configuration);
    command->callback([arguments, &exit_code, action = std::move(action)] {
        exit_code = run(*arguments, action);
    });
    return command;
}

Action printing(Print print) {
    return [print](const admin::DataFolder& folder, const state::LetterFilter& filter) {
        return print_letters(folder, filter, print);
    };
}

}  // namespace

void add_dead_command(CLI::App& app, int& exit_code) {
    CLI::App* dead = app.add_subcommand("dead", "The readings that could not be stored");
    dead->require_subcommand(1);
    dead->footer("All of it works while foz runs.");
    add_action(*dead, exit_code, "list", "A line for each dead letter", printing(print_line));
    add_action(*dead, exit_code, "show", "All of each dead letter", printing(print_whole));
    add_action(*dead, exit_code, "export", "A line of JSON for each dead letter",
            printing(print_json));
    add_action(*dead, exit_code, "replay",
            "Map and write them again; what is stored then is no longer dead", replay);
    const auto all = std::make_shared<bool>(false);
    CLI::App* discarding = add_action(*dead, exit_code, "discard",
            "Give them up: the payloads are deleted, the count stays",
            [all](const admin::DataFolder& folder, const state::LetterFilter& filter) {
                if (!*all && is_for_all(filter)) {
                    fmt::print(stderr,
                            "foz dead: this would delete the payload of every dead letter; say "
                            "which (a number, --route, --database, --reason), or --all\n");
                    return 2;
                }
                return discard(folder, filter);
            });
    discarding->add_flag("--all", *all, "Every dead letter");
}

}  // namespace foz::cli
