// SPDX-License-Identifier: Apache-2.0
// Which field of the payloads fills which column of an inferred table, so that another field whose
// name folds to the same column never mixes with it. Pure.
#pragma once

#include <expected>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace foz::mapping {

class ColumnOwners {
  public:
    /// The field with these keys, outermost first, has filled `column`. The first one stays.
    void claim(std::string_view column, std::span<const std::string_view> keys);

    /// Error: the keys of another field, joined by ".", which has filled `column`.
    [[nodiscard]] std::expected<void, std::string> check(
        std::string_view column, std::span<const std::string_view> keys
    ) const;

  private:
    std::map<std::string, std::vector<std::string>> keys_;  // by the column's name in lower case
};

}  // namespace foz::mapping
