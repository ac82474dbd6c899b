// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings_parser.h"

namespace foz::config {

using Lines = std::vector<std::string>;

/// What a person reads of a configuration in foz.toml that is wrong; nothing of one that is right.
inline Lines errors_of(std::string_view toml) {
    const auto settings = parse_settings(toml, "foz.toml");
    return settings ? Lines() : settings.error().lines;
}

}  // namespace foz::config
