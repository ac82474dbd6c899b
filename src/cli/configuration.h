// SPDX-License-Identifier: Apache-2.0
// The configuration that a command works with: what --config names, or the defaults, and --data.
#pragma once

#include <expected>
#include <string>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "config/settings.h"
#include "config/settings_parser.h"

namespace foz::cli {

/// Of --config and --data; "" where the person gave none.
struct ConfigurationArguments {
    std::string config;
    std::string data;
};

/// Adds --config and --data. `arguments` must live as long as `command`.
void add_configuration_options(CLI::App& command, ConfigurationArguments& arguments);

/// The configuration, or the defaults, with --data put in.
[[nodiscard]] std::expected<config::Settings, config::SettingsErrors> load_configuration(
        const ConfigurationArguments& arguments);
/// The same. Error: invalid; the lines of all errors.
[[nodiscard]] Result<config::Settings> settings_for(const ConfigurationArguments& arguments);

}  // namespace foz::cli
