// SPDX-License-Identifier: Apache-2.0
#include "mapping/json_token.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/printable.h"
#include "mapping/number.h"

namespace foz::mapping {
namespace {

constexpr std::size_t kShownBytes = 40;

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::ranges::find(words, word) != words.end();
}

std::string in_lower_case(std::string_view token) {
    std::string word(token.substr(0, kShownBytes));
    std::ranges::transform(word, word.begin(),
            [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    return word;
}

}  // namespace

std::string_view json_token_at(std::string_view payload, std::size_t at) {
    if (at >= payload.size()) return {};
    const std::size_t end =
            payload.find_first_of(std::string_view(" \t\r\n,:[]{}\"\0", 12), at + 1);
    return payload.substr(at, end == std::string_view::npos ? end : end - at);
}

std::optional<std::string> explain_json_token(std::string_view token) {
    static constexpr std::array<std::string_view, 3> kWords = {"null", "true", "false"};
    static constexpr std::array<std::string_view, 5> kNoNumbers = {
        "nan", "inf", "infinity", "nan(ind)", "1.#qnan"};
    static constexpr std::array<std::string_view, 6> kNothings = {
        "none", "undefined", "nil", "n/a", "na", "unavailable"};
    if (is_one_of(token, kWords) || is_json_number(token)) return std::nullopt;
    const std::string shown = printable(token, kShownBytes);
    const std::string word = in_lower_case(token);
    if (is_one_of(word, kWords)) return fmt::format("{} is no JSON; send {}", shown, word);
    const bool has_sign = word.starts_with('-') || word.starts_with('+');
    if (is_one_of(std::string_view(word).substr(has_sign ? 1 : 0), kNoNumbers) ||
            is_one_of(word, kNothings)) {
        return fmt::format("{} is no JSON; send null", shown);
    }
    switch (token.front()) {
        case '\0': return "a NUL byte (0x00); have the device leave it out";
        case '\'': return "texts stand in double quotes, not in \"'\"";
        case '/': return "JSON has no comments; take it out";
        default: break;
    }
    if (token.find_first_of("0123456789") != std::string_view::npos &&
            std::string_view("+-.0123456789").find(token.front()) != std::string_view::npos) {
        return fmt::format(
                "{} is no number of JSON, which has no \"+\" and no zeros in front, digits on both "
                "sides of the point, and nothing else behind; send a number, or a text in double "
                "quotes",
                shown);
    }
    return fmt::format(
            "{} is no number, true, false or null; a text stands in double quotes", shown);
}

}  // namespace foz::mapping
