// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/version.h"
#include "cli/commands.h"
#include "config/spelling.h"

namespace {

/// Whether `word` is none of the commands; then it says so.
bool complains_of_command(const CLI::App& app, std::string_view word) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands({})) {
        names.push_back(command->get_name());
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    if (word.starts_with('-') || std::ranges::find(known, word) != known.end()) {
        return false;
    }
    fmt::print(
            stderr, "foz: unknown command \"{}\"; {}\n", word, foz::config::hint_for(word, known));
    return true;
}

const CLI::App* named(const CLI::App& app, std::string_view word) {
    const auto commands = app.get_subcommands({});
    const auto found = std::ranges::find(commands, word,
            [](const CLI::App* command) { return std::string_view(command->get_name()); });
    return found == commands.end() ? nullptr : *found;
}

/// Whether the words are not enough to do anything: then it lists what can follow them. With "help"
/// first, that is what was asked for.
std::optional<int> lists_commands(const CLI::App& app, std::vector<std::string_view> words) {
    const bool asked = !words.empty() && words.front() == "help";
    if (asked) {
        words.erase(words.begin());
    }
    const CLI::App* command = &app;
    std::string before;  // its name in the help
    for (const std::string_view word : words) {
        const CLI::App* next = named(*command, word);
        if (next == nullptr) {
            return std::nullopt;
        }
        before += (before.empty() ? "" : " ") + command->get_name();
        command = next;
    }
    if (!asked && command->get_require_subcommand_min() == 0) {
        return std::nullopt;
    }
    fmt::print(asked ? stdout : stderr, "{}", command->help(before));
    return asked ? 0 : 2;
}

/// Says which option was meant by one that the command does not know.
void hint_at_option(const CLI::App& app, const std::vector<std::string_view>& words) {
    const CLI::App* command = &app;
    for (const std::string_view word : words) {
        const CLI::App* next = named(*command, word);
        command = next != nullptr ? next : command;
    }
    std::vector<std::string> names;
    for (const CLI::Option* option : command->get_options()) {
        for (const std::string& name : option->get_lnames()) {
            names.push_back("--" + name);
        }
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    for (const std::string_view word : words) {
        const std::string_view name = word.substr(0, word.find('='));
        if (!name.starts_with("--") || std::ranges::find(known, name) != known.end()) {
            continue;
        }
        if (const auto meant = foz::config::nearest(name, known)) {
            fmt::print(stderr, "foz: unknown option {}; did you mean {}?\n", name, *meant);
        }
    }
}

int run(int argc, char** argv) {
    CLI::App app("foz carries readings from MQTT into SQL tables, losing none.", "foz");
    app.set_version_flag("-V,--version", std::string("foz ") + foz::kVersion);
    app.require_subcommand(1);
    int exit_code = 0;
    foz::cli::add_run_command(app, exit_code);
    foz::cli::add_init_command(app, exit_code);
    foz::cli::add_check_command(app, exit_code);
    foz::cli::add_explain_command(app, exit_code);
    foz::cli::add_journal_command(app, exit_code);
    foz::cli::add_dead_command(app, exit_code);
    foz::cli::add_replay_command(app, exit_code);
    foz::cli::add_verify_command(app, exit_code);
    foz::cli::add_sessions_command(app, exit_code);
    foz::cli::add_sensor_command(app, exit_code);
    foz::cli::add_certs_command(app, exit_code);
    foz::cli::add_passwd_command(app, exit_code);
    const std::vector<std::string_view> words(argv + 1, argv + argc);
    if (const auto listed = lists_commands(app, words)) {
        return *listed;
    }
    const std::size_t first = !words.empty() && words.front() == "help" ? 1 : 0;
    if (words.size() > first && complains_of_command(app, words[first])) {
        return 2;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ExtrasError& error) {
        hint_at_option(app, words);
        return app.exit(error) == 0 ? 0 : 2;
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return exit_code;
}

}  // namespace

// What goes wrong is a Result everywhere; an exception is a library's, or a lack of memory.
int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        (void)std::fprintf(stderr, "foz: unexpected error: %s\n", error.what());
        return 1;
    }
}
