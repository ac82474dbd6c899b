// SPDX-License-Identifier: Apache-2.0
#include "mapping/plain_text.h"

#include <fmt/format.h>
#include <simdjson.h>

namespace foz::mapping {

bool is_utf8(std::string_view text) {
    return simdjson::validate_utf8(text.data(), text.size());
}

std::string describe_bad_utf8(std::string_view payload) {
    std::size_t at = 0;
    while (at < payload.size()) {
        std::size_t size = 1;
        while (size < 4 && at + size < payload.size() && !is_utf8(payload.substr(at, size))) {
            ++size;
        }
        if (!is_utf8(payload.substr(at, size))) break;
        at += size;
    }
    return fmt::format("payload is not UTF-8 at byte {}", at);
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
