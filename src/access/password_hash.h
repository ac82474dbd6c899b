// SPDX-License-Identifier: Apache-2.0
// How mosquitto_passwd writes a password down: `$7$iterations$salt$hash` is PBKDF2-HMAC-SHA512,
// `$6$salt$hash` a SHA-512 of password and salt; salt and hash in Base64. Pure, but for the salt.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace foz::access {

struct PasswordHash {
    static constexpr std::uint32_t kIterationsMax = 10'000'000;

    std::uint32_t iterations = 0;  // 0: the older form, a plain SHA-512
    std::string salt;
    std::string hash;  // 64 bytes
};

/// Error: invalid; says what the text is instead, and what to do.
[[nodiscard]] Result<PasswordHash> parse_password_hash(std::string_view text);
[[nodiscard]] std::string password_hash_text(const PasswordHash& hash);

/// With a new random salt.
[[nodiscard]] PasswordHash hash_password(std::string_view password, std::uint32_t iterations);

/// Takes the same time whether it is the password or not.
[[nodiscard]] bool is_password(const PasswordHash& hash, std::string_view password);

}  // namespace foz::access
