// SPDX-License-Identifier: Apache-2.0
// Reads a configuration file into Settings. Table-driven: settings_parser.cpp has one table of keys
// for each section, from which parsing, the check for unknown keys, the hints and
// docs/configuration.md all come.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/settings.h"

namespace foz::config {

/// All errors that were found, in the order of the file; each is one line,
/// `foz.toml:14: unknown key "databse" in [[route]]; did you mean "database"?`
struct SettingsErrors {
    std::vector<std::string> lines;
};

/// `name` stands in the messages. Relative paths inside are kept as they are. Every value is
/// checked for its range; every reference (a route's database, a key's column, a column's capture)
/// is resolved.
[[nodiscard]] std::expected<Settings, SettingsErrors> parse_settings(
        std::string_view toml, std::string_view name);

/// Reads and parses the file at `path`. Relative paths of certificates, keys and password files
/// start at its folder; `data` does not.
[[nodiscard]] std::expected<Settings, SettingsErrors> load_settings(
        const std::filesystem::path& path);

/// docs/configuration.md, as generated from the parser's tables.
[[nodiscard]] std::string settings_reference();

/// A commented configuration with every key at its default, for `foz init`. parse_settings accepts
/// it.
[[nodiscard]] std::string settings_template();

}  // namespace foz::config
