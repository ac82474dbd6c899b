// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <exception>
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
        stderr, "foz: unknown command \"{}\"; {}\n", word, foz::config::hint_for(word, known)
    );
    return true;
}

int run(int argc, char** argv) {
    CLI::App app("foz carries readings from MQTT into SQL tables, losing none.", "foz");
    app.set_version_flag("--version", std::string("foz ") + foz::kVersion);
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
    foz::cli::add_sensor_command(app, exit_code);
    foz::cli::add_certs_command(app, exit_code);
    foz::cli::add_passwd_command(app, exit_code);
    if (argc > 1 && complains_of_command(app, argv[1])) {
        return 2;
    }
    try {
        app.parse(argc, argv);
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
