// SPDX-License-Identifier: Apache-2.0
// The text of a reading, from a pattern with placeholders:
//
//   {temperature}  23.5                        {n}         the sensor's number, from 1
//   {time}         2022-08-01 10:00:00         {sequence}  the reading's number, from 1
//   {time_us}      2022-08-01 10:00:00.123456  {epoch_ms}  1659348000123
//
// Times are UTC. {time_us} never repeats within one sensor. A brace that does not begin a name in
// braces stands for itself, so that JSON is written as it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace foz::sensor {

/// What a sensor measured, before it is written out. Kept until it is acknowledged.
struct Reading {
    SystemTime time;
    std::uint32_t sensor = 0;    // {n}
    std::uint32_t sequence = 0;  // {sequence}
    std::int16_t temperature_tenths = 0;
};

/// The same reading always gives the same text. One thread at a time: it remembers the last second
/// it wrote.
class PayloadTemplate {
  public:
    /// ErrorCode::invalid for an unknown {name}.
    [[nodiscard]] static Result<PayloadTemplate> parse(std::string_view pattern);

    /// No text is longer than this.
    [[nodiscard]] std::size_t size_max() const { return size_max_; }

    /// Writes the text of `reading` to `to`, which has room for size_max(); returns its end.
    [[nodiscard]] char* render(const Reading& reading, char* to);

    [[nodiscard]] std::string text(const Reading& reading);

    /// Whether {name} stands in it.
    [[nodiscard]] bool uses(std::string_view name) const;

  private:
    enum class Field : std::uint8_t { none, temperature, time, time_us, epoch_ms, n, sequence };

    /// Literal text and what follows it.
    struct Part {
        std::string literal;
        Field field = Field::none;
    };

    [[nodiscard]] static Result<Field> field_named(std::string_view name);
    [[nodiscard]] char* render_field(Field field, const Reading& reading, char* to);
    [[nodiscard]] char* render_second(SystemTime time, char* to);

    std::vector<Part> parts_;
    std::size_t size_max_ = 0;
    std::chrono::sys_seconds second_;  // whose text second_text_ is
    char second_text_[19] = {};        // empty until the first time is written
};

}  // namespace foz::sensor
