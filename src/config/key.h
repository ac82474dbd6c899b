// SPDX-License-Identifier: Apache-2.0
// One key of the configuration: its name, what it may be, where its value goes, and what it means.
// The tables of keys (sections.h) are all that the parser, the hints in error messages,
// docs/configuration.md and the template of `foz init` know about the configuration.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"

namespace foz::config {

using Scalar = std::variant<bool, std::int64_t, double, std::string>;

/// A step into a JSON value, as PathStep of settings.h.
using Step = std::variant<std::string, std::uint32_t>;

/// A value as it was read, checked against its key: durations in milliseconds, sizes in bytes.
using Parsed = std::variant<Scalar, std::vector<std::string>, std::vector<Step>>;

enum class KeyKind : std::uint8_t {
    text,
    choice,
    boolean,
    number,
    size,
    duration,
    names,   // a list of strings
    path,    // "a.b", or a list of strings
    field,   // as a path, and the list may have numbers of elements
    scalar,  // a string, a number, true or false
};

/// Inclusive. Of a duration: in milliseconds.
struct Range {
    std::uint64_t min = 0;
    std::uint64_t max = 0;
};

/// What can be said about a key without knowing where its value goes.
struct KeyFacts {
    std::string_view name;
    KeyKind kind = KeyKind::text;
    // GCC misses an initializer where a KeyFacts is made with designators.
    // NOLINTBEGIN(readability-redundant-string-init)
    std::string_view description = "";  // one sentence, Markdown
    std::string_view example = "";      // as it stands in TOML; "": the default is the example
    // NOLINTEND(readability-redundant-string-init)
    Range range = {};            // of numbers, sizes and durations
    bool whole_seconds = false;  // of durations
    // GCC misses the initializer where a KeyFacts is made with designators.
    // NOLINTNEXTLINE(readability-redundant-member-init)
    std::span<const std::string_view> choices = {};
    bool required = false;
};

/// A key of the section that fills an S.
template <class S>
struct Key {
    KeyFacts facts;
    void (*assign)(S& to, Parsed&& value, const KeyFacts& facts) = nullptr;
    /// The value in an S as it is constructed; nothing when the key has no default.
    std::optional<Parsed> (*value_in)(const S& from, const KeyFacts& facts) = nullptr;
};

namespace key {

template <class T>
struct MemberOf;
template <class S, class T>
struct MemberOf<T S::*> {
    using Section = S;
    using Type = T;
};

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <class T>
concept Duration =
        requires(T duration) { std::chrono::duration_cast<std::chrono::milliseconds>(duration); };

/// Moves a checked value into a member of any of the types that Settings has.
template <class T>
void store(T& member, Parsed&& value, const KeyFacts& facts) {
    if constexpr (std::is_same_v<T, std::vector<std::string>>) {
        member = std::get<std::vector<std::string>>(std::move(value));
    } else if constexpr (std::is_same_v<T, std::vector<Step>>) {
        member = std::get<std::vector<Step>>(std::move(value));
    } else if constexpr (std::is_same_v<T, Scalar>) {
        member = std::get<Scalar>(std::move(value));
    } else if constexpr (kIsOptional<T>) {
        store(member.emplace(), std::move(value), facts);
    } else if constexpr (std::is_enum_v<T>) {
        const auto& name = std::get<std::string>(std::get<Scalar>(value));
        std::size_t index = 0;
        while (facts.choices[index] != name) {
            ++index;
        }
        member = static_cast<T>(index);
    } else if constexpr (std::is_same_v<T, bool>) {
        member = std::get<bool>(std::get<Scalar>(value));
    } else if constexpr (std::integral<T>) {
        std::int64_t number = std::get<std::int64_t>(std::get<Scalar>(value));
        number = facts.whole_seconds ? number / 1000 : number;
        FOZ_CHECK(std::in_range<T>(number));
        member = static_cast<T>(number);
    } else if constexpr (Duration<T>) {
        const std::chrono::milliseconds exact(std::get<std::int64_t>(std::get<Scalar>(value)));
        member = std::chrono::duration_cast<T>(exact);
    } else {
        member = std::get<std::string>(std::get<Scalar>(std::move(value)));
    }
}

/// The other way round; nothing for an optional that is empty and a text that is "".
template <class T>
std::optional<Parsed> load(const T& member, const KeyFacts& facts) {
    if constexpr (std::is_same_v<T, std::vector<std::string>> ||
                  std::is_same_v<T, std::vector<Step>> || std::is_same_v<T, Scalar>) {
        return member;
    } else if constexpr (kIsOptional<T>) {
        return member ? load(*member, facts) : std::nullopt;
    } else if constexpr (std::is_enum_v<T>) {
        return Scalar(std::string(facts.choices[static_cast<std::size_t>(member)]));
    } else if constexpr (std::is_same_v<T, bool>) {
        return Scalar(member);
    } else if constexpr (std::integral<T>) {
        return Scalar(static_cast<std::int64_t>(member) * (facts.whole_seconds ? 1000 : 1));
    } else if constexpr (Duration<T>) {
        return Scalar(std::int64_t{std::chrono::milliseconds(member).count()});
    } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
        return Scalar(member.string());
    } else {
        return member.empty() ? std::nullopt : std::optional<Parsed>(Scalar(member));
    }
}

template <auto Member>
constexpr auto of(const KeyFacts& facts) {
    using Section = typename MemberOf<decltype(Member)>::Section;
    return Key<Section>{
        facts,
        [](Section& to, Parsed&& value, const KeyFacts& known) {
            store(to.*Member, std::move(value), known);
        },
        [](const Section& from, const KeyFacts& known) { return load(from.*Member, known); },
    };
}

template <class S>
constexpr Key<S> required(Key<S> made, std::string_view example) {
    made.facts.required = true;
    made.facts.example = example;
    return made;
}

}  // namespace key
}  // namespace foz::config
