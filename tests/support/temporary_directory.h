// SPDX-License-Identifier: Apache-2.0
// A new, empty folder below /tmp that only this user may enter, removed with all its content at the
// end.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace foz::support {

class TemporaryDirectory {
  public:
    explicit TemporaryDirectory(std::string_view name = "foz");
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
        return path_ / name;
    }

  private:
    std::filesystem::path path_;
};

}  // namespace foz::support
