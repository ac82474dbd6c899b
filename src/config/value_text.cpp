// SPDX-License-Identifier: Apache-2.0
#include "config/value_text.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/quantity.h"
#include "config/spelling.h"

namespace foz::config {
namespace {

using std::chrono::milliseconds;

template <class T>
const T* get(const Node& node) {
    return node.scalar() != nullptr ? std::get_if<T>(node.scalar()) : nullptr;
}

std::optional<Parsed> in_range(std::optional<std::uint64_t> number, const KeyFacts& facts) {
    if (!number || *number < facts.range.min || *number > facts.range.max) {
        return std::nullopt;
    }
    return Scalar(static_cast<std::int64_t>(*number));
}

std::optional<Parsed> number(const Node& node, const KeyFacts& facts) {
    const auto* integer = get<std::int64_t>(node);
    if (integer == nullptr || *integer < 0) {
        return std::nullopt;
    }
    return in_range(static_cast<std::uint64_t>(*integer), facts);
}

std::optional<Parsed> duration(const Node& node, const KeyFacts& facts) {
    const auto parsed = node.text() != nullptr ? parse_duration(*node.text()) : std::nullopt;
    if (!parsed || (facts.whole_seconds && parsed->count() % 1000 != 0)) {
        return std::nullopt;
    }
    return in_range(static_cast<std::uint64_t>(parsed->count()), facts);
}

std::optional<Parsed> names(const Node& node) {
    if (node.list() == nullptr) {
        return std::nullopt;
    }
    std::vector<std::string> texts;
    for (const Node& element : *node.list()) {
        if (element.text() == nullptr) {
            return std::nullopt;
        }
        texts.push_back(*element.text());
    }
    return texts;
}

std::optional<Parsed> path(const Node& node) {
    if (node.text() == nullptr) {
        return names(node);
    }
    std::vector<std::string> keys;
    std::string_view rest = *node.text();
    for (bool more = true; more;) {
        const std::size_t dot = rest.find('.');
        more = dot != std::string_view::npos;
        keys.emplace_back(rest.substr(0, dot));
        rest.remove_prefix(more ? dot + 1 : rest.size());
        if (keys.back().empty()) {
            return std::nullopt;  // a key "" can only be written in a list, so that no dot is a
                                  // slip
        }
    }
    return keys;
}

/// Keys, as in path(); a list may have numbers of elements among them.
std::optional<Parsed> field(const Node& node) {
    std::vector<Step> steps;
    if (node.list() == nullptr) {
        const auto keys = path(node);
        if (!keys) {
            return std::nullopt;
        }
        const auto& texts = std::get<std::vector<std::string>>(*keys);
        steps.assign(texts.begin(), texts.end());
        return steps;
    }
    constexpr std::int64_t kElementMax = 999'999;  // of the values that a payload may have
    for (const Node& step : *node.list()) {
        const auto* element = get<std::int64_t>(step);
        if (step.text() != nullptr) {
            steps.emplace_back(*step.text());
        } else if (element != nullptr && *element >= 0 && *element <= kElementMax) {
            steps.emplace_back(static_cast<std::uint32_t>(*element));
        } else {
            return std::nullopt;
        }
    }
    return steps;
}

std::optional<Parsed> any_scalar(const Node& node) {
    return node.scalar() != nullptr ? std::optional<Parsed>(*node.scalar()) : std::nullopt;
}

std::optional<Parsed> text(const Node& node) {
    // No key of foz has a use for U+0000, and C libraries would cut the text there.
    if (node.text() == nullptr || node.text()->empty() ||
            node.text()->find('\0') != std::string::npos) {
        return std::nullopt;
    }
    return Scalar(*node.text());
}

std::string scalar_text(const Scalar& value) {
    if (const auto* string = std::get_if<std::string>(&value)) {
        return toml_quoted(*string);
    }
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        return fmt::to_string(*integer);
    }
    if (const auto* real = std::get_if<double>(&value)) {
        return fmt::to_string(*real);
    }
    return std::get<bool>(value) ? "true" : "false";
}

}  // namespace

std::optional<Parsed> checked_value(const Node& node, const KeyFacts& facts) {
    switch (facts.kind) {
        case KeyKind::text: return text(node);
        case KeyKind::choice:
            return node.text() != nullptr && std::ranges::count(facts.choices, *node.text()) > 0
                           ? text(node)
                           : std::nullopt;
        case KeyKind::boolean: return get<bool>(node) != nullptr ? any_scalar(node) : std::nullopt;
        case KeyKind::number: return number(node, facts);
        case KeyKind::size:
            return node.text() != nullptr ? in_range(parse_size(*node.text()), facts)
                                          : number(node, facts);
        case KeyKind::duration: return duration(node, facts);
        case KeyKind::names: return names(node);
        case KeyKind::path: return path(node);
        case KeyKind::field: return field(node);
        case KeyKind::scalar: return any_scalar(node);
    }
    return std::nullopt;
}

std::string expectation(const KeyFacts& facts) {
    switch (facts.kind) {
        case KeyKind::text: return "a non-empty string";
        case KeyKind::choice: return listed(facts.choices, " or ");
        case KeyKind::boolean: return "true or false";
        case KeyKind::number:
            return fmt::format("a whole number from {} to {}", facts.range.min, facts.range.max);
        case KeyKind::size:
            return fmt::format(
                    "a size from {} to {}", size_text(facts.range.min), size_text(facts.range.max));
        case KeyKind::duration:
            return fmt::format("a duration{} from {} to {}",
                    facts.whole_seconds ? " in whole seconds" : "",
                    duration_text(milliseconds(facts.range.min)),
                    duration_text(milliseconds(facts.range.max)));
        case KeyKind::names: return "a list of strings";
        case KeyKind::path: return "a path such as \"a.b\", or a list of keys";
        case KeyKind::field:
            return "a path such as \"a.b\", or a list of keys and numbers of elements from 0";
        case KeyKind::scalar: return "a string, a number, true or false";
    }
    return "";
}

std::string toml_text(const Parsed& value, const KeyFacts& facts) {
    if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
        std::vector<std::string> all;
        std::ranges::transform(*texts, std::back_inserter(all), toml_quoted);
        return fmt::format("[{}]", fmt::join(all, ", "));
    }
    if (const auto* steps = std::get_if<std::vector<Step>>(&value)) {
        std::vector<std::string> all;
        for (const Step& step : *steps) {
            const auto* key = std::get_if<std::string>(&step);
            all.push_back(key != nullptr ? toml_quoted(*key)
                                         : fmt::to_string(std::get<std::uint32_t>(step)));
        }
        return fmt::format("[{}]", fmt::join(all, ", "));
    }
    const auto& scalar = std::get<Scalar>(value);
    if (facts.kind == KeyKind::size) {
        return toml_quoted(size_text(static_cast<std::uint64_t>(std::get<std::int64_t>(scalar))));
    }
    if (facts.kind == KeyKind::duration) {
        return toml_quoted(duration_text(milliseconds(std::get<std::int64_t>(scalar))));
    }
    return scalar_text(scalar);
}

std::string shown(const Node& node) {
    constexpr std::size_t kShownBytes = 40;
    if (node.text() != nullptr && node.text()->size() > kShownBytes) {
        return toml_quoted(node.text()->substr(0, kShownBytes) + "...");
    }
    if (node.scalar() != nullptr) {
        return scalar_text(*node.scalar());
    }
    if (node.list() != nullptr) {
        return "an array";
    }
    return node.table() != nullptr ? "a table" : "a date or time";
}

std::string toml_quoted(std::string_view text) {
    std::string made = "\"";
    for (const char letter : text) {
        if (letter == '"' || letter == '\\') {
            made += '\\';
            made += letter;
        } else if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f) {
            made += fmt::format("\\u{:04X}", static_cast<unsigned>(letter));
        } else {
            made += letter;
        }
    }
    return made + '"';
}

}  // namespace foz::config
