// SPDX-License-Identifier: Apache-2.0
// A table as a route wants it: name, columns, key. Shared by the mapping, which fills it, and the
// sinks, which create or check it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mapping/value.h"

namespace foz::mapping {

struct Column {
    std::string name;
    ColumnType type = ColumnType::text;
    bool nullable = true;
    bool rounds = false;  // a database column that holds less of a value may round it
    /// Tells of how the message came (its time of receipt, QoS, retain flag), not of the reading:
    /// differs when the same reading comes again.
    bool receipt = false;
    /// Of a table that was there already: what the database fills by itself (a default, an
    /// identity). A reading without a value for it leaves it out, so that it does.
    bool has_default = false;
    /// Of an inferred table: which field of the payloads fills it, its keys joined by ".", so that
    /// another one whose name folds to the same column never mixes with it. "": none has yet.
    std::string field{};  // NOLINT(readability-redundant-member-init)

    bool operator==(const Column&) const = default;
};

/// What an inferred table cannot get, because its database does not allow it.
struct Refusal {
    std::string column;  // it cannot be added or changed; "": nothing in the table can be changed
    std::string reason;  // for a person, whole: "column x cannot be added: must be owner of ..."
};

struct Table {
    std::string name;  // may be "schema.table"
    std::vector<Column> columns;
    std::vector<std::string>
            key;  // names of columns; empty: none, nothing is ignored as a duplicate
    /// A row whose key is there with other values takes its place, instead of being refused.
    bool replaces = false;
    /// The columns follow the payload: they grow and widen while foz runs (version counts the
    /// changes).
    bool inferred = false;
    std::uint32_t version = 0;
    /// Another lane writes its rows (pipeline/side_lanes.h): this lane's sink leaves it alone.
    bool elsewhere = false;

    [[nodiscard]] std::optional<std::size_t> index_of(std::string_view column) const {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (columns[i].name == column) {
                return i;
            }
        }
        return std::nullopt;
    }
};

}  // namespace foz::mapping
