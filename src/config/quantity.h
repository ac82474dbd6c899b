// SPDX-License-Identifier: Apache-2.0
// Durations and sizes as people write them in the configuration: "20ms", "7d", "64MiB". Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace foz::config {

/// A whole number and a unit, ms, s, m, h or d, with or without a space between: "20ms", "7 d".
/// Nothing for any other text, or for more than 100 years.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// A whole number and a unit, B, KiB, MiB, GiB or TiB, with or without a space between. Nothing for
/// any other text, or for 2^63 bytes and more.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

/// In the largest unit that leaves a whole number: "90s", "2h". What parse_duration reads back.
[[nodiscard]] std::string duration_text(std::chrono::milliseconds duration);

/// In the largest unit that leaves a whole number: "64MiB", "1000B". What parse_size reads back.
[[nodiscard]] std::string size_text(std::uint64_t bytes);

/// For a person to read: "1 MiB", "3.1 MiB", "812 bytes".
[[nodiscard]] std::string rounded_size_text(std::uint64_t bytes);

}  // namespace foz::config
