// SPDX-License-Identifier: Apache-2.0
// Base64 with padding [RFC 4648, 4]. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace foz::tls {

[[nodiscard]] std::string to_base64(std::string_view bytes);
/// Nothing for what is not Base64.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace foz::tls
