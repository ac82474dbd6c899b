// SPDX-License-Identifier: Apache-2.0
// The certificates, keys and password files that a configuration names: what a person has to mend
// about them, all at once. Any thread; asks the file system.
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"

namespace foz::config {

/// A line for each that this process cannot read: who needs it, its path, and why.
[[nodiscard]] std::vector<std::string> unreadable_files(const Settings& settings);

/// A line for each password file or private key that everybody on this machine can read, with the
/// command that mends it.
[[nodiscard]] std::vector<std::string> exposed_files(const Settings& settings);

}  // namespace foz::config
