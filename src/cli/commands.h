// SPDX-License-Identifier: Apache-2.0
// The subcommands of foz, one file for each. Each function adds its subcommand to `app`; when the
// person calls it, its callback runs and sets `exit_code`: 0 = done, 1 = it failed or found a
// difference, 2 = wrong use or a configuration that cannot be used. Results go to standard output,
// errors to standard error as "foz NAME: what happened".
#pragma once

#include <CLI/CLI.hpp>

namespace foz::cli {

void add_run_command(CLI::App& app, int& exit_code);
void add_check_command(CLI::App& app, int& exit_code);
void add_init_command(CLI::App& app, int& exit_code);
void add_explain_command(CLI::App& app, int& exit_code);
void add_journal_command(CLI::App& app, int& exit_code);
void add_dead_command(CLI::App& app, int& exit_code);
void add_replay_command(CLI::App& app, int& exit_code);
void add_verify_command(CLI::App& app, int& exit_code);
void add_sessions_command(CLI::App& app, int& exit_code);
void add_sensor_command(CLI::App& app, int& exit_code);
void add_certs_command(CLI::App& app, int& exit_code);
void add_passwd_command(CLI::App& app, int& exit_code);

}  // namespace foz::cli
