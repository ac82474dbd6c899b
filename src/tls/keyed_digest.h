// SPDX-License-Identifier: Apache-2.0
// HMAC-SHA-256 with a random key: to recognise a secret without keeping it. Any thread.
#pragma once

#include <span>
#include <string>

namespace foz::tls {

void fill_with_random_bytes(std::span<unsigned char> bytes);

/// 32 bytes. Overwrites `text`, which is a secret.
[[nodiscard]] std::string keyed_digest(std::span<const unsigned char> key, std::string text);

}  // namespace foz::tls
