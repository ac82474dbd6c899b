// SPDX-License-Identifier: Apache-2.0
// foz init: writes a commented configuration to start from.
#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "base/file_system.h"
#include "cli/commands.h"
#include "config/settings_parser.h"

namespace foz::cli {
namespace {

/// Never over a file that is there: somebody may have written it.
int init(const std::string& path) {
    const auto file = real_file_system().open(path, OpenMode::create);
    std::error_code ignored;
    if (!file && std::filesystem::exists(path, ignored)) {
        fmt::print(stderr, "foz init: {} exists already; name another file: foz init FILE\n", path);
        return 1;
    }
    const std::string text = config::settings_template();
    const auto written =
            file ? (*file)->write_at(0, as_bytes(text)) : std::unexpected(file.error());
    if (!written) {
        fmt::print(stderr, "foz init: {}\n", written.error().message);
        return 1;
    }
    fmt::print(
            "Wrote {0}: what foz does by default, with every key explained.\n"
            "Next:\n"
            "  edit {0}             a database, routes; docs/configuration.md has every key\n"
            "  foz check --config {0} --connect\n"
            "  foz run --config {0}\n",
            path);
    return 0;
}

}  // namespace

void add_init_command(CLI::App& app, int& exit_code) {
    auto* const command = app.add_subcommand("init", "Write a commented configuration");
    const auto path = std::make_shared<std::string>("foz.toml");
    command->add_option("FILE", *path, "Where to; refused if it exists")->capture_default_str();
    command->callback([path, &exit_code] { exit_code = init(*path); });
}

}  // namespace foz::cli
