// SPDX-License-Identifier: Apache-2.0
#include "mapping/plain_text.h"

#include <algorithm>

#include <fmt/format.h>
#include <simdjson.h>

namespace foz::mapping {

bool is_utf8(std::string_view text) {
    return simdjson::validate_utf8(text.data(), text.size());
}

std::size_t utf8_character_bytes(std::string_view text) {
    if (static_cast<unsigned char>(text.front()) < 0x80) return 1;
    for (std::size_t size = 2; size <= std::min<std::size_t>(4, text.size()); ++size) {
        if (is_utf8(text.substr(0, size))) return size;
    }
    return 0;
}

std::string describe_bad_utf8(std::string_view payload) {
    std::size_t at = 0;
    while (at < payload.size()) {
        const std::size_t size = utf8_character_bytes(payload.substr(at));
        if (size == 0) break;
        at += size;
    }
    return fmt::format(
            "payload is not UTF-8 at byte {}; is it Latin-1? Have the device send UTF-8", at);
}

std::string_view without_surrounding_space(std::string_view text) {
    const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

}  // namespace foz::mapping
