// SPDX-License-Identifier: Apache-2.0
#include "tests/support/temporary_directory.h"

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace foz::support {

TemporaryDirectory::TemporaryDirectory(std::string_view name) {
    std::string pattern = "/tmp/" + std::string(name) + "-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error(pattern + ": " + std::generic_category().message(errno));
    }
    path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace foz::support
