// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <cstdint>

#include <fmt/format.h>

namespace foz {
namespace {

struct Character {
    std::size_t size = 1;
    std::uint32_t code = 0;
    bool valid = false;
};

/// The first character of a text that is not empty.
Character first_of(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::uint32_t lead = byte(0);
    if (lead < 0x80) {
        return {1, lead, true};
    }
    const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < size) {
        return {};
    }
    std::uint32_t code = lead & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) {
            return {};
        }
        code = code << 6U | (byte(i) & 0x3FU);
    }
    constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool valid = code >= kLeast[size] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    return valid ? Character{size, code, true} : Character{};
}

bool misleads(std::uint32_t code) {
    return (code >= 0x80 && code < 0xA0) ||  // C1: some terminals obey them
           code == 0x061C || code == 0x200E || code == 0x200F ||
           (code >= 0x2028 && code <= 0x202E) ||  // new lines; order of writing
           (code >= 0x2066 && code <= 0x2069) ||  // order of writing
           code == 0xFEFF || (code & 0xFFFEU) == 0xFFFE || (code >= 0xFDD0 && code <= 0xFDEF);
}

}  // namespace

std::string printable(std::string_view text, std::size_t bytes_max, std::string_view kept) {
    std::string shown;
    for (std::size_t i = 0; i < text.size();) {
        const Character next = first_of(text.substr(i));
        if (i + next.size > bytes_max) {
            shown += fmt::format("... ({} bytes)", text.size());
            break;
        }
        const char byte = text[i];
        const bool control = next.valid && (next.code < 0x20 || next.code == 0x7F);
        if (!next.valid || (control && !kept.contains(byte))) {
            shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
        } else if (misleads(next.code)) {
            shown += fmt::format("\\u{{{:x}}}", next.code);
        } else {
            shown += text.substr(i, next.size);
        }
        i += next.size;
    }
    return shown;
}

}  // namespace foz
