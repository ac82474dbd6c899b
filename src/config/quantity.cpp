// SPDX-License-Identifier: Apache-2.0
#include "config/quantity.h"

#include <charconv>
#include <span>

#include <fmt/format.h>

namespace foz::config {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

// Smallest first: the last one that divides a value is the one it is shown in.
constexpr Unit kDurationUnits[] = {
    {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit kSizeUnits[] = {
    {"B", 1}, {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}, {"TiB", 1ULL << 40}};
constexpr std::uint64_t kDurationMax = 100ULL * 365 * 86'400'000;
constexpr std::uint64_t kSizeMax = INT64_MAX;

std::optional<std::uint64_t> parse(
        std::string_view text, std::span<const Unit> units, std::uint64_t value_max) {
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    if (text.starts_with(' ')) {
        text.remove_prefix(1);
    }
    for (const Unit& unit : units) {
        if (unit.name == text && number <= value_max / unit.factor) {
            return number * unit.factor;
        }
    }
    return std::nullopt;
}

std::string text_of(std::uint64_t value, std::span<const Unit> units, const Unit& unit_of_zero) {
    const Unit* shown = &unit_of_zero;
    for (const Unit& unit : units) {
        if (value != 0 && value % unit.factor == 0) {
            shown = &unit;
        }
    }
    return fmt::format("{}{}", value / shown->factor, shown->name);
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const auto value = parse(text, kDurationUnits, kDurationMax);
    if (!value) {
        return std::nullopt;
    }
    return std::chrono::milliseconds(*value);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    return parse(text, kSizeUnits, kSizeMax);
}

std::string duration_text(std::chrono::milliseconds duration) {
    return text_of(static_cast<std::uint64_t>(duration.count()), kDurationUnits, kDurationUnits[1]);
}

std::string size_text(std::uint64_t bytes) {
    return text_of(bytes, kSizeUnits, kSizeUnits[0]);
}

std::string rounded_size_text(std::uint64_t bytes) {
    const Unit* shown = &kSizeUnits[0];
    for (const Unit& unit : kSizeUnits) {
        if (bytes >= unit.factor) {
            shown = &unit;
        }
    }
    if (shown->factor == 1) {
        return fmt::format("{} bytes", bytes);
    }
    constexpr std::uint64_t kTenths = 10;
    const std::uint64_t tenths =
            bytes / shown->factor * kTenths + bytes % shown->factor * kTenths / shown->factor;
    return tenths % kTenths == 0
                   ? fmt::format("{} {}", tenths / kTenths, shown->name)
                   : fmt::format("{}.{} {}", tenths / kTenths, tenths % kTenths, shown->name);
}

}  // namespace foz::config
