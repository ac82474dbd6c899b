// SPDX-License-Identifier: Apache-2.0
// What a person is told about how a table and the routes fit, whatever the database. Pure.
#pragma once

#include <optional>
#include <string>

#include <fmt/format.h>

#include "mapping/table.h"
#include "sink/sink.h"

namespace foz::sink {

/// The line of Sink::inspect about a table that fits. `found`: what the database's catalogue says,
/// with find(name) for a column; nothing when the table is not there.
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
