// SPDX-License-Identifier: Apache-2.0
#include "mapping/value.h"

#include <array>
#include <cstddef>

namespace foz::mapping {
namespace {

constexpr std::array<std::string_view, 8> kNames = {
    "integer", "double", "decimal", "text", "boolean", "timestamp", "json", "bytes"};

}  // namespace

std::string_view name_of(ColumnType type) {
    return kNames[static_cast<std::size_t>(type)];
}

std::span<const std::string_view> column_type_names() {
    return kNames;
}

std::optional<ColumnType> column_type_from(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == name) {
            return static_cast<ColumnType>(i);
        }
    }
    return std::nullopt;
}

}  // namespace foz::mapping
