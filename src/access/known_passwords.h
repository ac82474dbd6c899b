// SPDX-License-Identifier: Apache-2.0
// What checks of passwords have found: what was right stays known, also when the file is read again
// or another listener asks, for as long as the user's line is the same; what was wrong for some
// seconds. Keeps no password, only what a random key makes of it. One thread, or under a lock;
// key_of() is for any thread.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "access/password_file.h"
#include "base/clock.h"

namespace foz::access {

class KnownPasswords {
  public:
    static constexpr std::chrono::seconds kWrongFor{10};

    KnownPasswords();

    /// Equal for equal name, password and line of the password file.
    [[nodiscard]] std::string key_of(const access::PasswordFile& passwords, std::string_view name,
            std::string_view password) const;

    /// Whether the pair of that key is right; nothing when it is not known.
    [[nodiscard]] std::optional<bool> find(const std::string& key, SteadyTime now) const;
    void remember(const std::string& key, bool right, SteadyTime now);

  private:
    static constexpr std::size_t kRightMax = 1'000'000;
    static constexpr std::size_t kWrongMax = 10'000;

    std::array<unsigned char, 32> secret_{};
    std::unordered_set<std::string> right_;
    std::unordered_map<std::string, SteadyTime> wrong_;  // until when
};

}  // namespace foz::access
