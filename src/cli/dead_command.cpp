// SPDX-License-Identifier: Apache-2.0
// foz dead: the readings that could not be stored.
#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/log.h"
#include "base/printable.h"
#include "cli/commands.h"
#include "cli/data_folder.h"
#include "cli/failure.h"
#include "mqtt/utf8.h"
#include "pipeline/dead_replay.h"
#include "sink/make_sink.h"
#include "state/dead_letters.h"
#include "state/replayed_letters.h"
#include "state/state_reserve.h"

namespace foz::cli {
namespace {

struct DeadArguments {
    DataFolderArguments folder;
    bool discards = false;
    state::LetterFilter filter;
};

std::string json_text(std::string_view text) {
    std::string json = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            json += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            json += c;
        }
    }
    return json + '"';
}

std::string base64(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int size = EVP_EncodeBlock(
        reinterpret_cast<unsigned char*>(text.data()),
        reinterpret_cast<const unsigned char*>(bytes.data()),
        static_cast<int>(bytes.size())
    );
    text.resize(static_cast<std::size_t>(size));
    return text;
}

std::string json_line(const state::DeadLetter& letter) {
    const bool is_text = mqtt::is_valid_text(letter.payload);
    return fmt::format(
        R"({{"id":{},"status":"{}","database":{},"route":{},"topic":{},"client":{},"received":"{}",)"
        R"("position":{},"reason":{},"code":{},"first_seen":"{}","{}":{}}})",
        letter.id,
        state::name_of(letter.status),
        json_text(letter.database),
        json_text(letter.route),
        json_text(letter.topic),
        json_text(letter.client),
        utc_text(letter.received),
        letter.position,
        json_text(letter.reason),
        json_text(letter.code),
        utc_text(letter.first_seen),
        is_text ? "payload" : "payload_base64",
        is_text ? json_text(letter.payload) : json_text(base64(letter.payload))
    );
}

void print_line(const state::DeadLetter& letter) {
    fmt::print(
        "{:>6}  {}  {:<9}  {}  {}  {}{}\n",
        letter.id,
        utc_text(letter.received),
        state::name_of(letter.status),
        letter.route,
        printable(letter.topic),
        printable(letter.reason),
        letter.code.empty() ? "" : fmt::format(" [{}]", letter.code)
    );
}

void print_whole(const state::DeadLetter& letter) {
    fmt::print(
        "letter      {} ({})\ndatabase    {}\nroute       {}\ntopic       {}\nclient      "
        "{}\nreceived    "
        "{}\nposition    {}\nreason      {}\ncode        {}\nfirst seen  {}\npayload     {}\n\n",
        letter.id,
        state::name_of(letter.status),
        letter.database,
        letter.route,
        printable_whole(letter.topic),
        printable_whole(letter.client),
        utc_text(letter.received),
        letter.position,
        printable_whole(letter.reason),
        letter.code,
        utc_text(letter.first_seen),
        mqtt::is_valid_text(letter.payload) ? printable_whole(letter.payload, "\t\n")
                                            : base64(letter.payload) + " (base64)"
    );
}

using Print = void (*)(const state::DeadLetter&);

int print_letters(
    const config::Settings&,
    state::StateDatabase& state,
    const state::LetterFilter& filter,
    Print print
) {
    auto read = state::for_each_letter(state, filter, [&](const state::DeadLetter& letter) {
        print(letter);
        return true;
    });
    return read ? 0 : failed("dead", read.error(), 1);
}

int discard(
    const config::Settings& settings, state::StateDatabase& state, const state::LetterFilter& filter
) {
    auto discarded = state::discard_letters(state, filter);
    if (!discarded) {
        return failed("dead", discarded.error(), 1);
    }
    if (auto kept = state::keep_reserve(settings.data); !kept) {
        static_cast<void>(failed("dead", kept.error()));
    }
    fmt::print("{} discarded\n", *discarded);
    return 0;
}

Result<pipeline::DeadReplayResult> replay_into(
    const config::Settings& settings,
    const config::Database& database,
    state::StateDatabase& state,
    state::LetterFilter filter
) {
    auto mapping = mapping::Mapping::compile(settings, database.name);
    if (!mapping) {
        return pass_on(mapping);
    }
    auto sink = sink::make_sink(settings, database);
    if (!sink) {
        return pass_on(sink);
    }
    filter.database = database.name;
    auto replayed = pipeline::replay_dead_letters(state, **sink, *mapping, filter);
    if (!replayed) {
        return replayed;
    }
    const SystemTime kept_since = real_clock().system_now() - settings.journal.retain_age;
    if (auto forgotten = state::forget_replayed_before(state, kept_since); !forgotten) {
        return pass_on(forgotten);
    }
    return replayed;
}

int replay(
    const config::Settings& settings, state::StateDatabase& state, const state::LetterFilter& filter
) {
    auto lock = pipeline::DeadReplayLock::take(settings.data);
    if (!lock) {
        return failed("dead", lock.error(), 1);
    }
    int exit_code = 0;
    for (const config::Database& database : settings.databases) {
        if (!filter.database.empty() && filter.database != database.name) {
            continue;
        }
        auto result = replay_into(settings, database, state, filter);
        if (!result) {
            fmt::print(
                stderr, "foz dead: database {}: {}\n", database.name, result.error().message
            );
            exit_code = 1;
            continue;
        }
        fmt::print(
            "database {}: {} stored, {} duplicate, {} still dead\n",
            database.name,
            result->stored,
            result->duplicate,
            result->dead
        );
    }
    return exit_code;
}

using Action =
    std::function<int(const config::Settings&, state::StateDatabase&, const state::LetterFilter&)>;

Result<bool> any_letter_fits(state::StateDatabase& state, const state::LetterFilter& filter) {
    bool any = false;
    auto read = state::for_each_letter(state, filter, [&](const state::DeadLetter&) {
        any = true;
        return false;
    });
    if (!read) {
        return pass_on(read);
    }
    return any;
}

bool is_for_all(const state::LetterFilter& filter) {
    return !filter.id && filter.database.empty() && filter.route.empty() && filter.reason.empty();
}

/// On standard error: what is exported stays JSON.
int nothing_fits(const state::LetterFilter& filter) {
    if (filter.id) {
        fmt::print(
            stderr,
            "foz dead: there is no dead letter {}{}; foz dead list shows those that there are\n",
            *filter.id,
            filter.database.empty() && filter.route.empty() && filter.reason.empty() ? ""
                                                                                     : " that fits"
        );
        return 1;
    }
    fmt::print(
        stderr, "foz dead: there are no dead letters{}\n", is_for_all(filter) ? "" : " that fit"
    );
    return 0;
}

int run(const DeadArguments& arguments, const Action& action) {
    auto settings = settings_for(arguments.folder);
    if (!settings) {
        return failed("dead", settings.error(), 2);
    }
    if (arguments.discards && state::give_back_reserve(settings->data)) {
        fmt::print(
            stderr, "foz dead: the disk is full; the room of state.reserve is used meanwhile\n"
        );
    }
    auto state = open_state(*settings);
    if (!state) {
        return failed("dead", state.error(), 1);
    }
    auto journal = open_journal(*settings);
    if (!journal) {
        return failed("dead", journal.error(), 1);
    }
    static_cast<void>(set_up_log("warn"));
    state::LetterFilter filter = arguments.filter;
    filter.journal = (*journal)->status().id;
    auto any = any_letter_fits(**state, filter);
    if (!any) {
        return failed("dead", any.error(), 1);
    }
    if (!*any) {
        return nothing_fits(filter);
    }
    return action(*settings, **state, filter);
}

void add_action(
    CLI::App& dead, int& exit_code, const std::string& name, const std::string& what, Action action
) {
    auto arguments = std::make_shared<DeadArguments>();
    arguments->discards = name == "discard";
    CLI::App* command = dead.add_subcommand(name, what);
    command->add_option("id", arguments->filter.id, "Only the letter with this number");
    command->add_option("--database", arguments->filter.database, "Only of this database");
    command->add_option("--route", arguments->filter.route, "Only of this route");
    command->add_option(
        "--reason", arguments->filter.reason, "Only with this in the reason, or with this code"
    );
    command->add_option(
        "--config", arguments->folder.config, "The configuration; without it, the defaults"
    );
    command->add_option(
        "--data", arguments->folder.data, "The data folder, instead of the configured one"
    );
    command->callback([arguments, &exit_code, action = std::move(action)] {
        exit_code = run(*arguments, action);
    });
}

Action printing(Print print) {
    return [print](
               const config::Settings& settings,
               state::StateDatabase& state,
               const state::LetterFilter& filter
           ) { return print_letters(settings, state, filter, print); };
}

}  // namespace

void add_dead_command(CLI::App& app, int& exit_code) {
    CLI::App* dead = app.add_subcommand("dead", "The readings that could not be stored");
    dead->require_subcommand(1);
    dead->footer("All of it works while foz runs.");
    const auto all = std::make_shared<bool>(false);
    add_action(*dead, exit_code, "list", "A line for each dead letter", printing(print_line));
    add_action(*dead, exit_code, "show", "All of each dead letter", printing(print_whole));
    add_action(
        *dead,
        exit_code,
        "export",
        "A line of JSON for each dead letter",
        printing([](const state::DeadLetter& letter) { fmt::print("{}\n", json_line(letter)); })
    );
    add_action(
        *dead,
        exit_code,
        "replay",
        "Map and write them again; what is stored then is no longer dead",
        replay
    );
    add_action(
        *dead,
        exit_code,
        "discard",
        "Give them up: the payloads are deleted, the count stays",
        [all](
            const config::Settings& settings,
            state::StateDatabase& state,
            const state::LetterFilter& filter
        ) {
            if (!*all && is_for_all(filter)) {
                fmt::print(
                    stderr,
                    "foz dead: this would delete the payload of every dead letter; say which (a "
                    "number, --route, --database, --reason), or --all\n"
                );
                return 2;
            }
            return discard(settings, state, filter);
        }
    );
    dead->get_subcommand("discard")->add_flag("--all", *all, "Every dead letter");
}

}  // namespace foz::cli
