// SPDX-License-Identifier: Apache-2.0
// What a value would lose in a column that holds less than it, whatever the database: a fraction of
// a second, digits. Pure; the good case allocates nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mapping/table.h"
#include "mapping/value.h"

namespace foz::sink {

/// Why the value does not go into the column whole, for a person, with what to do; nothing: it
/// does.
using Loss = std::optional<std::string>;

/// Of `value` (integer, real or decimal), which as a double is `real`, in a column of doubles.
[[nodiscard]] Loss loss_in_double(const mapping::Value& value, double real);

/// The same in a column of single-precision floats: what it shows must be the number.
[[nodiscard]] Loss loss_in_float(const mapping::Value& value, double real);

/// Of a number in a column with so many places behind the point.
[[nodiscard]] Loss loss_of_places(std::string_view number, std::int64_t places);

/// Of a time in a column with so many digits behind the second.
[[nodiscard]] Loss loss_of_fraction(const mapping::Value& time, std::int64_t digits);

/// Whether the database may round what goes into `column` of `table`: where the route says so, and
/// the time of receipt of an inferred table, which is foz's own and no part of the reading.
[[nodiscard]] bool may_round(const mapping::Table& table, const mapping::Column& column);

/// What the owner of `table` is told of `column`, which has so few digits behind the second that it
/// cuts times; `alter` gives it all of them.
[[nodiscard]] std::string coarse_time_warning(const mapping::Table& table,
        const mapping::Column& column, std::string_view type, std::string_view alter);

}  // namespace foz::sink
