// SPDX-License-Identifier: Apache-2.0
#include "mapping/json_sequence.h"

#include "mapping/json_token.h"
#include "mapping/plain_text.h"

namespace foz::mapping {
namespace {

bool opens(char c) {
    return c == '{' || c == '[';
}

/// Bytes up to and with the bracket that closes the first one of `text`; 0 if none does.
std::size_t bracketed_bytes(std::string_view text) {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else {
                in_string = c != '"';
            }
        } else if (c == '"') {
            in_string = true;
        } else if (opens(c)) {
            ++depth;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

/// True for what cannot become a part of a value together with its neighbours.
bool is_scalar(std::string_view text) {
    if (!text.starts_with('"')) return !explain_json_token(text);
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            return i + 1 == text.size();
        }
    }
    return false;
}

}  // namespace

std::vector<std::string_view> json_values_of(std::string_view payload) {
    std::vector<std::string_view> values;
    std::string_view rest = without_surrounding_space(payload);
    if (rest.empty()) return {};
    // A number and an object, say, are rather a mistake than two readings.
    const bool bracketed = opens(rest.front());
    while (!rest.empty()) {
        if (opens(rest.front()) != bracketed) return {};
        const std::size_t size = bracketed ? bracketed_bytes(rest) : rest.find_first_of("\r\n");
        if (size == 0) return {};
        values.push_back(without_surrounding_space(rest.substr(0, size)));
        if (!bracketed && !is_scalar(values.back())) return {};
        rest.remove_prefix(values.back().data() + values.back().size() - rest.data());
        rest = without_surrounding_space(rest);
    }
    if (values.size() < 2) return {};
    return values;
}

}  // namespace foz::mapping
