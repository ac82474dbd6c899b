// SPDX-License-Identifier: Apache-2.0
// Making an empty database cluster takes seconds, and ctest runs every test as a process of its
// own. So it is made once for each build folder, and copied.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace foz::support {

/// Copies the template `name` to the new folder `to`. The first time, by whichever process comes
/// first, `make` fills the folder that it gets. Safe among processes.
void copy_template(const std::string& name, const std::filesystem::path& to,
        const std::function<void(const std::filesystem::path&)>& make);

}  // namespace foz::support
