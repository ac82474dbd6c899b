// SPDX-License-Identifier: Apache-2.0
// Changing a table so that what the database refuses for good holds back nothing else.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "mapping/table.h"
#include "sink/sink.h"

namespace foz::sink {

/// A clause of ALTER TABLE, and what a person is told when it is refused.
struct Change {
    std::string column;
    std::string clause;
    std::string failure;  // "column x cannot be added"
    /// Where 64-bit integers become doubles: see large_integer_query().
    std::string large_integer_query{};  // NOLINT(readability-redundant-member-init)
};

/// A column that is missing. `name` is quoted.
[[nodiscard]] Change column_added(
        const mapping::Column& column, std::string_view name, std::string_view type);
/// A column that `clause` gives the `type`.
[[nodiscard]] Change column_retyped(
        const mapping::Column& column, std::string_view type, std::string clause);

/// A query that has a row when the column holds an integer that a double may not. Both names
/// quoted.
[[nodiscard]] std::string large_integer_query(std::string_view table, std::string_view column);

/// Why `change` is not made then.
[[nodiscard]] mapping::Refusal kept_integer(std::string_view table, const Change& change);

/// A person must be able to find out what foz did to his tables.
void log_created(std::string_view table);
void log_changed(std::string_view table, std::string_view clauses);

/// Executes ALTER TABLE with these clauses, which has no effect when it fails.
using Alter = std::function<SinkResult<void>(const std::string& clauses)>;

/// What an error of ALTER TABLE says.
enum class Refused : std::uint8_t {
    no,        // try again later, or connect again
    change,    // one of these changes is impossible
    altering,  // any change is: foz has no right to it
};

/// Makes the changes, all at once if the database takes them so, and yields those that it refuses.
[[nodiscard]] SinkResult<std::vector<mapping::Refusal>> make_changes(
        std::span<const Change> changes, const Alter& alter,
        Refused (*refused)(std::string_view code));

}  // namespace foz::sink
