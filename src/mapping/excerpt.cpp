// SPDX-License-Identifier: Apache-2.0
#include "mapping/excerpt.h"

namespace foz::mapping {

std::string excerpt(std::string_view text) {
    constexpr std::size_t kBytesMax = 40;
    std::size_t size = text.size();
    if (size > kBytesMax) {
        size = kBytesMax;
        // 10xxxxxx: the cut would fall inside a character.
        while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
            --size;
        }
    }
    std::string shown(text.substr(0, size));
    for (char& c : shown) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            c = '?';
        }
    }
    if (size < text.size()) {
        shown += "...";
    }
    return shown;
}

}  // namespace foz::mapping
