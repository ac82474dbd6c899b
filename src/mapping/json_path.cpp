// SPDX-License-Identifier: Apache-2.0
#include "mapping/json_path.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "config/spelling.h"
#include "mapping/column_name.h"
#include "mapping/excerpt.h"

namespace foz::mapping {
namespace {

std::uint32_t child_at(
        const JsonDocument& document, std::uint32_t from, const config::PathStep& step) {
    const JsonNode& node = document.node(from);
    const auto* key = std::get_if<std::string>(&step);
    if (node.kind != (key != nullptr ? JsonKind::object : JsonKind::array)) return kNotFound;
    std::uint32_t found = kNotFound;
    std::uint32_t element = 0;
    for (std::uint32_t i = from + 1; i != node.end; i = document.node(i).end, ++element) {
        if (key == nullptr && element == std::get<std::uint32_t>(step)) return i;
        if (key != nullptr && document.node(i).key == *key) found = i;
    }
    return found;
}

/// The key of a member of `object` that `wanted` is probably meant to be.
std::optional<std::string_view> similar_key(
        const JsonDocument& document, std::uint32_t object, std::string_view wanted) {
    constexpr std::size_t kKeysMax = 100;    // that are looked at
    constexpr std::size_t kKeyBytesMin = 4;  // of shorter ones, any two are alike
    constexpr std::size_t kKeyBytesMax = 64;
    std::vector<std::string_view> keys;
    const std::uint32_t end = document.node(object).end;
    for (std::uint32_t i = object + 1; i != end && keys.size() < kKeysMax;
            i = document.node(i).end) {
        const std::string_view key = document.node(i).key;
        if (same_name(key, wanted)) return key;
        if (key.size() <= kKeyBytesMax) keys.push_back(key);
    }
    if (wanted.size() < kKeyBytesMin || wanted.size() > kKeyBytesMax) return std::nullopt;
    return config::nearest(wanted, keys);
}

}  // namespace

std::string path_text(std::span<const config::PathStep> path) {
    std::string text;
    for (const config::PathStep& step : path) {
        if (const auto* key = std::get_if<std::string>(&step)) {
            text += text.empty() ? "" : ".";
            text += *key;
        } else {
            text += fmt::format("[{}]", std::get<std::uint32_t>(step));
        }
    }
    return text;
}

std::uint32_t value_at(
        const JsonDocument& document, std::uint32_t from, std::span<const config::PathStep> path) {
    for (const config::PathStep& step : path) {
        from = child_at(document, from, step);
        if (from == kNotFound) break;
    }
    return from;
}

std::string similar_field(
        const JsonDocument& document, std::uint32_t from, std::span<const config::PathStep> path) {
    for (const config::PathStep& step : path) {
        const std::uint32_t next = child_at(document, from, step);
        if (next != kNotFound) {
            from = next;
            continue;
        }
        const auto* key = std::get_if<std::string>(&step);
        if (key == nullptr || document.node(from).kind != JsonKind::object) return {};
        const auto similar = similar_key(document, from, *key);
        if (!similar) return {};
        return fmt::format("the payload has \"{}\", not \"{}\"", excerpt(*similar), excerpt(*key));
    }
    return {};
}

}  // namespace foz::mapping
