// SPDX-License-Identifier: Apache-2.0
// The line of Sink::inspect about a table that the routes and the database agree on. Pure.
#pragma once

#include <optional>
#include <string>

#include <fmt/format.h>

#include "mapping/table.h"

namespace foz::sink {

/// `found`: what the database's catalogue says, with find(name) for a column; nothing when the
/// table is not there.
template <class CatalogueTable>
[[nodiscard]] std::string fit_line(
    const mapping::Table& table, const std::optional<CatalogueTable>& found
) {
    if (!found) {
        return fmt::format("table {}: will be created", table.name);
    }
    std::string missing;
    for (const mapping::Column& column : table.columns) {
        if (found->find(column.name) == nullptr) {
            missing += (missing.empty() ? "; will get the column " : ", ") + column.name;
        }
    }
    return fmt::format("table {}: fits{}", table.name, missing);
}

}  // namespace foz::sink
