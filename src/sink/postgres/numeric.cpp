// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/numeric.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/bytes.h"
#include "sink/postgres/copy_encoder.h"

namespace foz::sink::postgres {
namespace {

constexpr std::int64_t kIntegerDigitsMax = 131'072;
constexpr std::int64_t kFractionDigitsMax = 16'383;
constexpr std::int64_t kGroupDigits = 4;  // numeric counts in base 10,000
constexpr std::uint16_t kNegative = 0x4000;

// The number is 0.FIRST SECOND times ten to the power of `exponent`; no zero in front, unless it is
// zero.
struct Decimal {
    bool negative = false;
    std::string_view first;   // digits before the point
    std::string_view second;  // digits behind it
    std::int64_t exponent = 0;
    std::int64_t scale = 0;  // digits behind the point, as written
};

std::string_view take_digits(std::string_view& text) {
    const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view digits = text.substr(0, end);
    text.remove_prefix(end);
    return digits;
}

std::int64_t drop_leading_zeros(std::string_view& digits) {
    const auto zeros = std::min(digits.find_first_not_of('0'), digits.size());
    digits.remove_prefix(zeros);
    return static_cast<std::int64_t>(zeros);
}

std::optional<std::int64_t> exponent_in(std::string_view text) {
    if (text.empty()) {
        return 0;
    }
    text.remove_prefix(1);  // e or E
    if (text.starts_with('+')) {
        text.remove_prefix(1);
    }
    std::int32_t exponent = 0;
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const auto parsed = std::from_chars(begin, end, exponent);
    return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(exponent) : std::nullopt;
}

std::optional<Decimal> parse(std::string_view text) {
    Decimal number;
    if (text.starts_with('-')) {
        number.negative = true;
        text.remove_prefix(1);
    }
    number.first = take_digits(text);
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        number.second = take_digits(text);
    }
    const bool has_digits = !number.first.empty() || !number.second.empty();
    if (!has_digits || (!text.empty() && (text[0] | 0x20) != 'e')) {
        return std::nullopt;
    }
    const auto exponent = exponent_in(text);
    if (!exponent) {
        return std::nullopt;
    }
    number.scale =
            std::max<std::int64_t>(0, static_cast<std::int64_t>(number.second.size()) - *exponent);
    drop_leading_zeros(number.first);
    number.exponent = *exponent + static_cast<std::int64_t>(number.first.size());
    if (number.first.empty()) {
        number.exponent -= drop_leading_zeros(number.second);
    }
    return number;
}

std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
    return value >= 0 ? value / by : -((-value + by - 1) / by);
}

// Adds the digits, each at its power of ten, to groups of four; returns the number of groups
// without the zeros at the end.
std::int64_t write_groups(const Decimal& number, std::int64_t weight, char* at) {
    std::int64_t power = number.exponent - 1;
    std::int64_t used = 0;
    std::int64_t group = 0;
    int sum = 0;
    const auto finish_group = [&] {
        store_big(at + 2 * group, static_cast<std::int16_t>(sum));
        used = sum != 0 ? group + 1 : used;
        ++group;
        sum = 0;
    };
    for (const std::string_view digits : {number.first, number.second}) {
        for (const char digit : digits) {
            sum = 10 * sum + (digit - '0');
            if (power == kGroupDigits * (weight - group)) {
                finish_group();
            }
            --power;
        }
    }
    if (sum != 0) {
        for (; power >= kGroupDigits * (weight - group); --power) {
            sum *= 10;
        }
        finish_group();
    }
    return used;
}

}  // namespace

bool append_numeric(std::string_view text, CopyBuffer& buffer) {
    const auto number = parse(text);
    if (!number || number->scale > kFractionDigitsMax) {
        return false;
    }
    const std::size_t digits = number->first.size() + number->second.size();
    if (digits > 0 && number->exponent > kIntegerDigitsMax) {
        return false;
    }
    constexpr std::size_t kHeaderBytes = 12;  // length, count of groups, weight, sign, scale
    char* at = buffer.extend(kHeaderBytes + 2 * (digits / kGroupDigits + 2));
    const std::int64_t weight = digits > 0 ? floor_divide(number->exponent - 1, kGroupDigits) : 0;
    const std::int64_t groups = write_groups(*number, weight, at + kHeaderBytes);
    const bool zero = groups == 0;
    store_big(at, static_cast<std::int32_t>(kHeaderBytes - 4 + 2 * groups));
    store_big(at + 4, static_cast<std::int16_t>(groups));
    store_big(at + 6, static_cast<std::int16_t>(zero ? 0 : weight));
    store_big(at + 8, number->negative && !zero ? kNegative : std::uint16_t{0});
    store_big(at + 10, static_cast<std::int16_t>(number->scale));
    buffer.advance(kHeaderBytes + 2 * static_cast<std::size_t>(groups));
    return true;
}

}  // namespace foz::sink::postgres
