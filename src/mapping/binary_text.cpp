// SPDX-License-Identifier: Apache-2.0
#include "mapping/binary_text.h"

#include <cstdint>

namespace foz::mapping {
namespace {

constexpr std::uint32_t kNoDigit = 64;

std::uint32_t base64_digit(char c) {
    if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
    if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a') + 26;
    if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0') + 52;
    if (c == '+' || c == '-') return 62;
    if (c == '/' || c == '_') return 63;
    return kNoDigit;
}

std::uint32_t hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint32_t>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return static_cast<std::uint32_t>(c - 'A') + 10;
    return kNoDigit;
}

}  // namespace

std::optional<std::string> from_base64(std::string_view text) {
    constexpr std::size_t kDigitsOfGroup = 4;
    constexpr std::size_t kPaddingMax = 2;
    if (const std::size_t padding = text.size() - text.find_last_not_of('=') - 1; padding > 0) {
        if (padding > kPaddingMax || text.size() % kDigitsOfGroup != 0) return std::nullopt;
        text.remove_suffix(padding);
    }
    std::string bytes;
    bytes.reserve(text.size() * 3 / kDigitsOfGroup);
    std::uint32_t bits = 0;
    unsigned count = 0;  // of bits that are in no byte yet
    for (const char c : text) {
        const std::uint32_t digit = base64_digit(c);
        if (digit == kNoDigit) return std::nullopt;
        bits = bits << 6U | digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes += static_cast<char>(bits >> count);
            bits &= (1U << count) - 1;
        }
    }
    const bool whole = text.size() % kDigitsOfGroup != 1 && bits == 0;
    return whole ? std::optional(std::move(bytes)) : std::nullopt;
}

std::optional<std::string> from_hex(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
    if (text.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const std::uint32_t high = hex_digit(text[i]);
        const std::uint32_t low = hex_digit(text[i + 1]);
        if (high == kNoDigit || low == kNoDigit) return std::nullopt;
        bytes += static_cast<char>(high << 4U | low);
    }
    return bytes;
}

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * bytes.size());
    for (const char one : bytes) {
        const auto byte = static_cast<unsigned char>(one);
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 0xFU];
    }
    return text;
}

}  // namespace foz::mapping
