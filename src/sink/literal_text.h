// SPDX-License-Identifier: Apache-2.0
// Texts that a database reads by itself, as INSERT takes them: dates, times of day, intervals. Some
// it reads only in part, without a word: a column of type date drops the time of day. Pure; the
// good case allocates nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sink/loss.h"

namespace foz::sink {

/// What the column keeps of a text.
enum class Literal : std::uint8_t {
    whole,      // all of it, or the database refuses it: an address, a label, bits
    date,       // no time of day, no zone
    time,       // of day: no date, no zone
    time_zone,  // of day, with its offset from UTC: no date
    duration,   // MariaDB's TIME: of day or more, perhaps negative
    interval,   // PostgreSQL's
    year,       // of four digits, for MariaDB guesses the others
};

/// Why the column would keep less of `text` than is there; nothing: it keeps all, if the database
/// takes it at all. `places`: digits behind the second.
[[nodiscard]] Loss loss_in_literal(Literal literal, std::string_view text, std::int64_t places);

}  // namespace foz::sink
