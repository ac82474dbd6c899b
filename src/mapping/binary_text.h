// SPDX-License-Identifier: Apache-2.0
// Bytes that are written as text: base64 and hexadecimal. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace foz::mapping {

/// Of either alphabet of RFC 4648 (sections 4 and 5), with its padding or without any. Nothing: it
/// is none, or bits of its last digit belong to no byte.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

/// Two digits for each byte, capitals or not; "0x" may stand in front.
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);

/// "0afF" in small letters, without a prefix.
[[nodiscard]] std::string to_hex(std::string_view bytes);

}  // namespace foz::mapping
