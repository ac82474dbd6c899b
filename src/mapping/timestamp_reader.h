// SPDX-License-Identifier: Apache-2.0
// Times in payloads: ISO 8601, "2022-08-01 10:00:00" on the clocks of a zone, numbers since 1970,
// and forms of the user's own. docs/mapping.md has the forms and what happens when the clocks
// change.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "config/settings.h"
#include "mapping/local_time.h"

namespace foz::mapping {

/// Reads the times of one column. One thread (it remembers the zone's offsets). Every result lies
/// in the years 0001 to 9999 and is rounded down to the microsecond. Failures are reasons for a
/// person.
class TimestampReader {
  public:
    using Outcome = std::expected<SystemTime, std::string>;

    /// Reads times with an offset, and others as UTC; no numbers.
    TimestampReader() = default;

    /// With the column's zone, unit and format. Error: invalid; unavailable (see LocalTime).
    [[nodiscard]] static Result<TimestampReader> for_column(const config::Column& column);

    [[nodiscard]] Outcome from_text(std::string_view text);
    /// `number` in the form that number.h calls loose.
    [[nodiscard]] Outcome from_number(std::string_view number) const;

  private:
    [[nodiscard]] Outcome from_format(std::string_view text, const std::string& format);

    LocalTime local_time_;
    std::optional<config::EpochUnit> unit_;
    std::optional<std::string> format_;
};

/// True for a date and time of day in ISO 8601 with an offset from UTC: the text can only mean one
/// instant.
[[nodiscard]] bool is_instant(std::string_view text);

}  // namespace foz::mapping
