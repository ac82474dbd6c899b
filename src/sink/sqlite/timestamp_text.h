// SPDX-License-Identifier: Apache-2.0
// An instant as SQLite's date functions read it and as text sorts: "2024-02-29 23:59:59" in UTC,
// followed by
// ".000001" when there is a part of a second. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace foz::sink::sqlite {

class TimestampText {
  public:
    /// Valid until the next call. nullopt: not in the years 0 to 9999.
    [[nodiscard]] std::optional<std::string_view> of(SystemTime time);

  private:
    [[nodiscard]] bool write_day(std::int64_t day);

    std::array<char, 26> text_{};  // YYYY-MM-DD HH:MM:SS.ffffff
    // The date part is the expensive one, and readings that follow each other are of the same day.
    std::optional<std::int64_t> day_;
};

}  // namespace foz::sink::sqlite
