// SPDX-License-Identifier: Apache-2.0
// Numbers as text, with all their digits: JSON's, and the ones that people and small devices write
// into strings. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace foz::mapping {

/// "-12.50", "1e3": RFC 8259, section 6.
[[nodiscard]] bool is_json_number(std::string_view text);

/// As is_json_number, but a plus sign and leading zeros may stand in front: "+007.5".
[[nodiscard]] bool is_loose_number(std::string_view text);

/// A loose number in JSON's form: "+007.5" becomes "7.5".
[[nodiscard]] std::string in_json_form(std::string_view loose_number);

enum class Exactness : std::uint8_t { exact, rounded_down, out_of_range };

struct Scaled {
    std::int64_t value = 0;
    Exactness exactness = Exactness::exact;
};

/// `loose_number` times ten to the power of `power` as a 64-bit integer, computed from the digits:
/// "9007199254740993" keeps its last digit, "2.5e1" is exactly 25, "0.5" is rounded down to 0.
[[nodiscard]] Scaled scaled_integer(std::string_view loose_number, int power);

/// Whether `real`, which was read from `loose_number`, is another number although that is a whole
/// one: 9007199254740993 becomes ...992. A fraction may become the nearest double, and so may a
/// whole number of which a double gives all the digits back: 1e23.
[[nodiscard]] bool changes_whole_number(std::string_view loose_number, double real);
[[nodiscard]] bool changes_whole_number(std::int64_t integer, double real);

/// How many places behind the point the number needs: 2 of "12.340", 0 of "5", -2 of "1.2e3". A
/// zero needs as few as can be.
[[nodiscard]] std::int64_t decimal_places(std::string_view loose_number);

/// Whether a single-precision float gives back all the digits of `real`: of 23.1, but not of
/// 23.123456789.
[[nodiscard]] bool fits_float(double real);

}  // namespace foz::mapping
