// SPDX-License-Identifier: Apache-2.0
#include "mqtt/utf8.h"

#include <cstdint>

#include "mqtt/text_scan.h"

namespace foz::mqtt {
namespace {

/// What the first byte of a sequence says about the rest of it [Unicode, table 3-7]: only the
/// second byte has a range that depends on the first; that is what keeps out overlong forms,
/// surrogates and numbers over U+10FFFF.
struct Sequence {
    std::size_t length = 0;  // 0: no sequence starts with that byte
    std::uint8_t second_min = 0x80;
    std::uint8_t second_max = 0xBF;
};

Sequence sequence_from(std::uint8_t first) {
    if (first < 0x80) return {.length = 1};
    if (first < 0xC2) return {};
    if (first < 0xE0) return {.length = 2};
    if (first == 0xE0) return {.length = 3, .second_min = 0xA0};
    if (first == 0xED) return {.length = 3, .second_max = 0x9F};
    if (first < 0xF0) return {.length = 3};
    if (first == 0xF0) return {.length = 4, .second_min = 0x90};
    if (first < 0xF4) return {.length = 4};
    if (first == 0xF4) return {.length = 4, .second_max = 0x8F};
    return {};
}

bool is_well_formed(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    for (std::size_t i = 0; i < text.size();) {
        const Sequence sequence = sequence_from(byte(i));
        if (sequence.length == 0 || sequence.length > text.size() - i) return false;
        if (sequence.length > 1 &&
                (byte(i + 1) < sequence.second_min || byte(i + 1) > sequence.second_max)) {
            return false;
        }
        for (std::size_t k = 2; k < sequence.length; ++k) {
            if ((byte(i + k) & 0xC0U) != 0x80U) return false;
        }
        i += sequence.length;
    }
    return true;
}

}  // namespace

bool is_valid_text(std::string_view text) {
    const TextScan scan = scan_text(text);
    return !scan.nul && (scan.ascii || is_well_formed(text));
}

}  // namespace foz::mqtt
