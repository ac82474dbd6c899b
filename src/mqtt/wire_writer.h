// SPDX-License-Identifier: Apache-2.0
// Appends the fields of a packet to a buffer. Inside mqtt/ only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"

namespace foz::mqtt {

/// The largest Variable Byte Integer [MQTT5 1.5.5].
inline constexpr std::uint32_t kVariableMax = 268'435'455;

/// Writes a Variable Byte Integer to `to`, which has room for four bytes; returns the end of it.
inline char* store_variable(char* to, std::uint32_t value) {
    FOZ_CHECK(value <= kVariableMax);
    while (value >= 0x80) {
        *to++ = static_cast<char>(value | 0x80U);
        value >>= 7U;
    }
    *to++ = static_cast<char>(value);
    return to;
}

[[nodiscard]] constexpr std::size_t variable_size(std::size_t value) {
    return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20'0000 ? 3 : 4;
}

inline void append_variable(std::string& to, std::uint32_t value) {
    char bytes[4];
    to.append(bytes, static_cast<std::size_t>(store_variable(bytes, value) - bytes));
}

/// Text or binary data, with its length in front.
inline void append_text(std::string& to, std::string_view text) {
    FOZ_CHECK(text.size() <= 0xFFFF);
    append_big(to, static_cast<std::uint16_t>(text.size()));
    to.append(text);
}

}  // namespace foz::mqtt
