// SPDX-License-Identifier: Apache-2.0
#include "mapping/column_name.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/crc32c.h"

namespace foz::mapping {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// U+00C0 to U+00FF, in UTF-8 0xC3 and one of 64 bytes: the letter below the accent.
constexpr std::string_view kWithoutAccent =
        "aaaaaaaceeeeiiiidnooooo_ouuuuytsaaaaaaaceeeeiiiidnooooo_ouuuuyty";

/// False: a character that tells this key from others was lost.
bool append_key(std::string& name, std::string_view key) {
    bool kept = true;
    for (std::size_t i = 0; i < key.size(); ++i) {
        const char c = lower(key[i]);
        const auto byte = static_cast<unsigned char>(c);
        if (is_letter_or_digit(c)) {
            name.push_back(c);
        } else if (byte == 0xC3 && i + 1 < key.size()) {
            name.push_back(kWithoutAccent[static_cast<unsigned char>(key[++i]) & 0x3FU]);
            kept = kept && name.back() != '_';
        } else if ((byte & 0xC0U) != 0x80U) {  // one "_" for a character of several bytes
            name.push_back('_');
            kept = kept && byte < 0x80U;
        }
    }
    return kept;
}

/// Cuts the name so that the checksum of `whole` goes behind it.
void append_checksum(std::string& name, std::string_view whole) {
    const std::string checksum = fmt::format("_{:08x}", crc32c(as_bytes(whole)));
    name.resize(std::min(name.size(), kNameBytesMax - checksum.size()));
    name += checksum;
}

}  // namespace

std::string column_name_from(std::span<const std::string_view> keys) {
    std::string name;
    std::string whole;
    bool kept = true;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (i > 0) name.push_back('_');
        kept = append_key(name, keys[i]) && kept;
        whole.append(keys[i]).push_back('\0');
    }
    kept = kept && (name.empty() || std::ranges::any_of(name, is_letter_or_digit));
    if (name.empty()) name = "field";
    if (name.front() >= '0' && name.front() <= '9') name.insert(0, 1, '_');
    if (is_reserved_column(name)) name.push_back('_');
    if (!kept) {
        append_checksum(name, whole);
    } else if (name.size() > kNameBytesMax) {
        append_checksum(name, std::string(name));
    }
    return name;
}

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_reserved_column(std::string_view name) {
    static constexpr std::array<std::string_view, 6> kReserved = {
        "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"};
    return std::ranges::any_of(
            kReserved, [&](std::string_view each) { return same_name(name, each); });
}

}  // namespace foz::mapping
