// SPDX-License-Identifier: Apache-2.0
// The words in which the tables of keys are written (sections.cpp, tls_sections.cpp): one function
// for each kind of key.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "config/key.h"

namespace foz::config::key {

inline constexpr std::uint64_t kKiB = 1ULL << 10;
inline constexpr std::uint64_t kMiB = 1ULL << 20;
inline constexpr std::uint64_t kGiB = 1ULL << 30;
inline constexpr std::uint64_t kTiB = 1ULL << 40;
inline constexpr std::uint64_t kSecond = 1'000;
inline constexpr std::uint64_t kHour = 3'600 * kSecond;
inline constexpr std::uint64_t kDay = 24 * kHour;

template <auto Member>
constexpr auto text(
        std::string_view name, std::string_view description, std::string_view example = "") {
    return of<Member>({.name = name, .description = description, .example = example});
}

template <auto Member>
constexpr auto choice(std::string_view name, std::span<const std::string_view> choices,
        std::string_view description, std::string_view example = "") {
    return of<Member>({
        .name = name,
        .kind = KeyKind::choice,
        .description = description,
        .example = example,
        .choices = choices,
    });
}

template <auto Member>
constexpr auto boolean(std::string_view name, std::string_view description) {
    return of<Member>({.name = name, .kind = KeyKind::boolean, .description = description});
}

template <auto Member>
constexpr auto number(std::string_view name, Range range, std::string_view description) {
    return of<Member>(
            {.name = name, .kind = KeyKind::number, .description = description, .range = range});
}

template <auto Member>
constexpr auto size(std::string_view name, Range range, std::string_view description) {
    return of<Member>(
            {.name = name, .kind = KeyKind::size, .description = description, .range = range});
}

template <auto Member>
constexpr auto duration(std::string_view name, Range range, std::string_view description) {
    using Type = typename MemberOf<decltype(Member)>::Type;
    return of<Member>({
        .name = name,
        .kind = KeyKind::duration,
        .description = description,
        .range = range,
        .whole_seconds = !std::is_same_v<Type, std::chrono::milliseconds>,
    });
}

template <auto Member>
constexpr auto list(KeyKind kind, std::string_view name, std::string_view description,
        std::string_view example) {
    return of<Member>({.name = name, .kind = kind, .description = description, .example = example});
}

}  // namespace foz::config::key
