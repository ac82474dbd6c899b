// SPDX-License-Identifier: Apache-2.0
// The hint behind an unknown word: which known one was probably meant. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace foz::config {

/// How many letters must be inserted, removed, replaced or swapped with their neighbour to make `a`
/// of `b`.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The one of `known` that `word` is probably meant to be: the closest, if a third of its letters
/// or fewer are wrong.
[[nodiscard]] std::optional<std::string_view> nearest(
        std::string_view word, std::span<const std::string_view> known);

/// What stands behind `unknown ...`: `did you mean "database"?`, or else `known are "topic",
/// "table"`.
[[nodiscard]] std::string hint_for(std::string_view word, std::span<const std::string_view> known);

/// `"a", "b" or "c"`.
[[nodiscard]] std::string listed(
        std::span<const std::string_view> words, std::string_view last_separator);

}  // namespace foz::config
