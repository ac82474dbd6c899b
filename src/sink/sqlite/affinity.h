// SPDX-License-Identifier: Apache-2.0
// What SQLite makes of a value because of its column's declared type: section 3 of
// https://sqlite.org/datatype3.html. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "mapping/value.h"
#include "sink/loss.h"

namespace foz::sink::sqlite {

enum class Affinity : std::uint8_t {
    none,     // stores what it gets, or makes text of numbers without loss: BLOB and TEXT
    numeric,  // makes a number of text that looks like one: INTEGER, NUMERIC, STRING, ...
    real,     // the same, always a double
};

/// `declared` in capitals.
[[nodiscard]] Affinity affinity_of(std::string_view declared);

/// What `value`, which is not null, would lose.
[[nodiscard]] Loss loss_in(Affinity affinity, const mapping::Value& value);

}  // namespace foz::sink::sqlite
