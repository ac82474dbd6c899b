// SPDX-License-Identifier: Apache-2.0
// One pass over a text that finds what topic names and UTF-8 strings are judged by, eight bytes at
// a time. Inside mqtt/ only.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.h"

namespace foz::mqtt {

struct TextScan {
    bool ascii = true;
    bool nul = false;
    bool wildcard = false;       // a '+' or a '#' anywhere
    std::size_t separators = 0;  // '/'
};

namespace text_scan {

inline constexpr std::uint64_t kOnes = 0x0101010101010101;
inline constexpr std::uint64_t kHighBits = 0x8080808080808080;

/// The high bit of each byte of `word` that is zero; nothing else. No carry crosses a byte.
[[nodiscard]] inline std::uint64_t zero_bytes(std::uint64_t word) {
    return ~(((word & ~kHighBits) + ~kHighBits) | word) & kHighBits;
}

[[nodiscard]] inline std::uint64_t bytes_equal_to(std::uint64_t word, char byte) {
    return zero_bytes(word ^ (kOnes * static_cast<unsigned char>(byte)));
}

struct Accumulated {
    std::uint64_t high = 0;
    std::uint64_t nul = 0;
    std::uint64_t wildcard = 0;
    std::size_t separators = 0;

    void add(std::uint64_t word) {
        high |= word;
        nul |= zero_bytes(word);
        wildcard |= bytes_equal_to(word, '+') | bytes_equal_to(word, '#');
        separators += static_cast<std::size_t>(std::popcount(bytes_equal_to(word, '/')));
    }
};

/// Up to seven bytes as a word, filled up with a letter, which no question is about.
[[nodiscard]] inline std::uint64_t load_tail(const char* from, std::size_t size) {
    std::uint64_t word = kOnes * static_cast<unsigned char>('a');
    for (std::size_t i = 0; i < size; ++i) {
        word = (word << 8U) | static_cast<unsigned char>(from[i]);
    }
    return word;
}

}  // namespace text_scan

/// Always inlined, because a caller then pays only for what it asks about.
[[nodiscard, gnu::always_inline]] inline TextScan scan_text(std::string_view text) {
    text_scan::Accumulated found;
    const char* at = text.data();
    std::size_t left = text.size();
    for (; left >= 8; at += 8, left -= 8) {
        found.add(load_little<std::uint64_t>(at));
    }
    if (left != 0) {
        found.add(text_scan::load_tail(at, left));
    }
    return {
        .ascii = (found.high & text_scan::kHighBits) == 0,
        .nul = found.nul != 0,
        .wildcard = found.wildcard != 0,
        .separators = found.separators,
    };
}

}  // namespace foz::mqtt
