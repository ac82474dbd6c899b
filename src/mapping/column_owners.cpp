// SPDX-License-Identifier: Apache-2.0
#include "mapping/column_owners.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace foz::mapping {
namespace {

std::string in_lower_case(std::string_view name) {
    std::string lower(name);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return lower;
}

}  // namespace

void ColumnOwners::claim(std::string_view column, std::span<const std::string_view> keys) {
    keys_.try_emplace(in_lower_case(column), keys.begin(), keys.end());
}

std::expected<void, std::string> ColumnOwners::check(
    std::string_view column, std::span<const std::string_view> keys
) const {
    const auto owner = keys_.find(in_lower_case(column));
    if (owner == keys_.end() || std::ranges::equal(owner->second, keys)) return {};
    return std::unexpected(fmt::format("{}", fmt::join(owner->second, ".")));
}

}  // namespace foz::mapping
