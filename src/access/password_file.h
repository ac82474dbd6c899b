// SPDX-License-Identifier: Apache-2.0
// User names and passwords in the format of mosquitto_passwd: a line for each, `name:HASH`, where
// HASH is as in password_hash.h. Lines that are empty or begin with # mean nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "access/password_hash.h"
#include "base/error.h"

namespace foz::access {

/// The passwords as they were when the file was read; to reload, load another. Any thread.
class PasswordFile {
  public:
    /// Errors: those of read_file; invalid names the line and what is wrong with it.
    [[nodiscard]] static Result<std::shared_ptr<const PasswordFile>> load(
            const std::filesystem::path& path);
    [[nodiscard]] static Result<std::shared_ptr<const PasswordFile>> parse(
            std::string_view content, std::string_view shown_name);

    /// The hash of that user, as text; "" without one. Changes when the password is set anew.
    [[nodiscard]] std::string line_of(std::string_view name) const;

    /// Whether this is the password of that name. Costs as much as the file asks for (100,000
    /// iterations: some 50 ms), the same for a name that is not there: NOT on an event loop, but on
    /// a thread of its own, with a limit on how many wait.
    [[nodiscard]] bool verify(std::string_view name, std::string_view password) const;

    [[nodiscard]] std::size_t size() const { return users_.size(); }

  private:
    PasswordFile() = default;

    std::unordered_map<std::string, PasswordHash> users_;
    PasswordHash nobodys_;  // what a name that is not there is compared with
};

/// The content of a password file with that user's line replaced or added; all other lines stay.
/// Errors: invalid for a name that is empty, has a colon, a control character or begins with #.
[[nodiscard]] Result<std::string> with_password(std::string_view content, std::string_view name,
        std::string_view password, std::uint32_t iterations);

/// The content without that user. Error: not_found.
[[nodiscard]] Result<std::string> without_user(std::string_view content, std::string_view name);

}  // namespace foz::access
