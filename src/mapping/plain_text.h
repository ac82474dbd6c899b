// SPDX-License-Identifier: Apache-2.0
// What a text column takes: UTF-8 without U+0000, which neither PostgreSQL nor a C string can hold.
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace foz::mapping {

[[nodiscard]] bool is_utf8(std::string_view text);

/// "payload is not UTF-8 at byte 17": the first byte that belongs to no character, counted from 0.
[[nodiscard]] std::string describe_bad_utf8(std::string_view payload);

[[nodiscard]] inline bool holds_nul(std::string_view text) {
    return text.find('\0') != std::string_view::npos;
}

/// Without the spaces, tabs and line ends around it.
[[nodiscard]] std::string_view without_surrounding_space(std::string_view text);

}  // namespace foz::mapping
