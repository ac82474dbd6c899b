// SPDX-License-Identifier: Apache-2.0
#include "mapping/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace foz::mapping {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

const char* skip_digits(const char* at, const char* end) {
    while (at != end && is_digit(*at)) {
        ++at;
    }
    return at;
}

/// "[.digits][e[sign]digits]", up to the end of the text.
bool is_fraction_and_exponent(const char* at, const char* end) {
    if (at != end && *at == '.') {
        const char* first = ++at;
        at = skip_digits(at, end);
        if (at == first) return false;
    }
    if (at != end && (*at == 'e' || *at == 'E')) {
        ++at;
        if (at != end && (*at == '+' || *at == '-')) ++at;
        const char* first = at;
        at = skip_digits(at, end);
        if (at == first) return false;
    }
    return at == end;
}

/// A number taken apart: its value is `digits` (a point among them is to be skipped), times ten to
/// `exponent`.
struct Parts {
    bool negative = false;
    std::string_view digits;
    std::int64_t exponent = 0;
    std::int64_t digit_count = 0;
};

Parts take_apart(std::string_view number) {
    Parts parts;
    parts.negative = number.front() == '-';
    if (number.front() == '-' || number.front() == '+') number.remove_prefix(1);
    const std::size_t mark = number.find_first_of("eE");
    parts.digits = number.substr(0, mark);
    if (mark != std::string_view::npos) {
        std::string_view exponent = number.substr(mark + 1);
        if (exponent.front() == '+') exponent.remove_prefix(1);
        // Beyond this, more digits make no difference to any 64-bit integer.
        constexpr std::int64_t kExponentMax = 1'000'000'000;
        const char* end = exponent.data() + exponent.size();
        if (std::from_chars(exponent.data(), end, parts.exponent).ec != std::errc()) {
            parts.exponent = exponent.front() == '-' ? -kExponentMax : kExponentMax;
        }
        parts.exponent = std::clamp(parts.exponent, -kExponentMax, kExponentMax);
    }
    parts.digit_count = static_cast<std::int64_t>(parts.digits.size());
    if (const std::size_t point = parts.digits.find('.'); point != std::string_view::npos) {
        parts.exponent -= static_cast<std::int64_t>(parts.digits.size() - point - 1);
        --parts.digit_count;
    }
    return parts;
}

bool append_digit(std::uint64_t& value, std::uint64_t digit) {
    return !__builtin_mul_overflow(value, 10U, &value) &&
           !__builtin_add_overflow(value, digit, &value);
}

/// The sign given to a magnitude that leaves out a part of the number, if `rounded`.
Scaled with_sign(std::uint64_t magnitude, bool negative, bool rounded) {
    if (negative && rounded && magnitude != std::numeric_limits<std::uint64_t>::max()) {
        ++magnitude;  // down is away from zero
    }
    constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
    if (magnitude > kMax + (negative ? 1 : 0)) return {0, Exactness::out_of_range};
    const std::uint64_t bits = negative ? std::uint64_t{0} - magnitude : magnitude;
    return {static_cast<std::int64_t>(bits), rounded ? Exactness::rounded_down : Exactness::exact};
}

}  // namespace

bool is_json_number(std::string_view text) {
    const char* at = text.data();
    const char* end = at + text.size();
    if (at != end && *at == '-') ++at;
    if (at == end || !is_digit(*at)) return false;
    at = *at == '0' ? at + 1 : skip_digits(at, end);
    return is_fraction_and_exponent(at, end);
}

bool is_loose_number(std::string_view text) {
    const char* at = text.data();
    const char* end = at + text.size();
    if (at != end && (*at == '-' || *at == '+')) ++at;
    if (at == end || !is_digit(*at)) return false;
    return is_fraction_and_exponent(skip_digits(at, end), end);
}

std::string in_json_form(std::string_view loose_number) {
    std::string form;
    if (loose_number.front() == '-') form = "-";
    if (loose_number.front() == '-' || loose_number.front() == '+') loose_number.remove_prefix(1);
    while (loose_number.size() > 1 && loose_number[0] == '0' && is_digit(loose_number[1])) {
        loose_number.remove_prefix(1);
    }
    return form.append(loose_number);
}

Scaled scaled_integer(std::string_view loose_number, int power) {
    const Parts parts = take_apart(loose_number);
    const std::int64_t exponent = parts.exponent + power;
    std::int64_t whole_digits = parts.digit_count + std::min<std::int64_t>(exponent, 0);
    std::uint64_t magnitude = 0;
    bool rounded = false;
    for (const char c : parts.digits) {
        if (c == '.') continue;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (whole_digits-- <= 0) {
            rounded = rounded || digit != 0;
        } else if (!append_digit(magnitude, digit)) {
            return {0, Exactness::out_of_range};
        }
    }
    for (std::int64_t zeros = exponent; zeros > 0 && magnitude != 0; --zeros) {
        if (!append_digit(magnitude, 0)) return {0, Exactness::out_of_range};
    }
    return with_sign(magnitude, parts.negative, rounded);
}

bool changes_whole_number(std::string_view loose_number, double real) {
    constexpr std::size_t kDigitsAlwaysKept = 15;
    if (loose_number.size() <= kDigitsAlwaysKept) return false;
    const Scaled scaled = scaled_integer(loose_number, 0);
    if (scaled.exactness == Exactness::rounded_down) return false;
    std::string digits;
    for (const char c : take_apart(loose_number).digits) {
        if (is_digit(c) && (c != '0' || !digits.empty())) digits.push_back(c);
    }
    constexpr std::size_t kDigitsMax = 330;  // a double in full has fewer before the point
    if (digits.size() <= kDigitsAlwaysKept) return false;
    if (digits.size() > kDigitsMax) return true;
    std::array<char, kDigitsMax + 16> written{};
    const auto end = std::to_chars(written.data(), written.data() + written.size(), std::abs(real),
            std::chars_format::scientific, static_cast<int>(digits.size()) - 1);
    std::string kept(written.data(), end.ptr);
    kept.resize(kept.find('e'));
    std::erase(kept, '.');
    return kept != digits;
}

bool changes_whole_number(std::int64_t integer, double real) {
    constexpr double kTooLarge = 9'223'372'036'854'775'808.0;
    return real >= kTooLarge || static_cast<std::int64_t>(real) != integer;
}

std::int64_t decimal_places(std::string_view loose_number) {
    const Parts parts = take_apart(loose_number);
    std::int64_t places = -parts.exponent;
    for (std::size_t i = parts.digits.size(); i-- > 0;) {
        if (parts.digits[i] == '.') continue;
        if (parts.digits[i] != '0') return places;
        --places;
    }
    return std::numeric_limits<std::int64_t>::min();
}

bool fits_float(double real) {
    if (!std::isfinite(real)) return true;
    const auto single = static_cast<float>(real);
    if (static_cast<double>(single) == real) return true;
    std::array<char, 40> one{};
    std::array<char, 40> other{};
    const auto end = std::to_chars(one.data(), one.data() + one.size(), single);
    const auto end_other = std::to_chars(other.data(), other.data() + other.size(), real);
    return std::string_view(one.data(), end.ptr) == std::string_view(other.data(), end_other.ptr);
}

}  // namespace foz::mapping
