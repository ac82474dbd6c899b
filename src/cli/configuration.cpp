// SPDX-License-Identifier: Apache-2.0
#include "cli/configuration.h"

#include <utility>

#include <fmt/ranges.h>

namespace foz::cli {

void add_configuration_options(CLI::App& command, ConfigurationArguments& arguments) {
    command.add_option("--config", arguments.config, "The configuration; without it, the defaults");
    command.add_option("--data", arguments.data, "The data folder, instead of the configured one");
}

std::expected<config::Settings, config::SettingsErrors> load_configuration(
        const ConfigurationArguments& arguments) {
    config::Settings settings = config::default_settings();
    if (!arguments.config.empty()) {
        auto loaded = config::load_settings(arguments.config);
        if (!loaded) {
            return loaded;
        }
        settings = *std::move(loaded);
    }
    if (!arguments.data.empty()) {
        settings.data = arguments.data;
    }
    return settings;
}

Result<config::Settings> settings_for(const ConfigurationArguments& arguments) {
    auto settings = load_configuration(arguments);
    if (!settings) {
        return fail(ErrorCode::invalid, "{}", fmt::join(settings.error().lines, "\n"));
    }
    return *std::move(settings);
}

}  // namespace foz::cli
