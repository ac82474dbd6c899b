// SPDX-License-Identifier: Apache-2.0
// What a text column takes: UTF-8 without U+0000, which neither PostgreSQL nor a C string can hold.
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace foz::mapping {

/// What some editors and languages put before UTF-8. It is no part of a JSON text [RFC 8259, 8.1],
/// and ignored in front of one.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

[[nodiscard]] bool is_utf8(std::string_view text);

/// Bytes of the character that `text`, not empty, begins with; 0 if its bytes are none.
[[nodiscard]] std::size_t utf8_character_bytes(std::string_view text);

/// "payload is not UTF-8 at byte 17: ...": the first byte that belongs to no character, counted
/// from 0.
[[nodiscard]] std::string describe_bad_utf8(std::string_view payload);

[[nodiscard]] inline bool holds_nul(std::string_view text) {
    return text.find('\0') != std::string_view::npos;
}

/// Without the spaces, tabs and line ends around it.
[[nodiscard]] std::string_view without_surrounding_space(std::string_view text);

}  // namespace foz::mapping
