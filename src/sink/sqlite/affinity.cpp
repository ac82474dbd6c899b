// SPDX-License-Identifier: Apache-2.0
#include "sink/sqlite/affinity.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "mapping/number.h"

namespace foz::sink::sqlite {
namespace {

using mapping::ColumnType;
using mapping::Value;

constexpr std::size_t kDigitsAlwaysKept = 15;  // by a double

bool contains(std::string_view text, std::string_view word) {
    return text.find(word) != std::string_view::npos;
}

std::string_view without_space(std::string_view text) {
    constexpr std::string_view kSpace = " \t\n\v\f\r";
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

std::size_t take_digits(std::string_view& text) {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count;
}

// SQLite's own rule: "1.", ".5" and " +007 " are numbers too.
bool looks_like_a_number(std::string_view text) {
    text = without_space(text);
    if (text.starts_with('-') || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    std::size_t digits = take_digits(text);
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        digits += take_digits(text);
    }
    if (digits == 0) {
        return false;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('-') || text.starts_with('+')) {
            text.remove_prefix(1);
        }
        if (take_digits(text) == 0) {
            return false;
        }
    }
    return text.empty();
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// "12" and "23.5": the number that SQLite stores reads as the same text.
bool reads_the_same(Affinity affinity, std::string_view text) {
    constexpr std::size_t kIntegerDigitsKept = 18;
    if (!mapping::is_json_number(text) || text.find_first_of("eE") != std::string_view::npos) {
        return false;
    }
    const auto digits = static_cast<std::size_t>(std::ranges::count_if(text, is_digit));
    const std::size_t point = text.find('.');
    if (point == std::string_view::npos) {
        return affinity == Affinity::numeric && text != "-0" && digits <= kIntegerDigitsKept;
    }
    const std::string_view fraction = text.substr(point + 1);
    const bool whole = affinity == Affinity::real && fraction == "0" && text != "-0.0";
    // Small numbers are written with an exponent.
    return digits <= kDigitsAlwaysKept && !fraction.starts_with("000") &&
           (whole || !fraction.ends_with('0'));
}

Loss loss_of_number(Affinity affinity, std::string_view number) {
    using mapping::Exactness;
    double real = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), real);
    const auto digits = static_cast<std::size_t>(std::ranges::count_if(number, is_digit));
    const auto whole = mapping::scaled_integer(number, 0);
    const bool exact = whole.exactness == Exactness::exact;
    bool kept = read.ec == std::errc() && digits <= kDigitsAlwaysKept;
    if (!kept && exact) {
        kept = affinity == Affinity::numeric ||
               !mapping::changes_whole_number(whole.value, static_cast<double>(whole.value));
    }
    if (kept) {
        return std::nullopt;
    }
    return fmt::format(
            "SQLite makes a number of {} that lacks digits; declare the column as DECIMAL_TEXT, or "
            "set round = true for it in the route",
            number.substr(0, 60));
}

Loss loss_of_text(Affinity affinity, std::string_view text) {
    if (!looks_like_a_number(text) || reads_the_same(affinity, text)) {
        return std::nullopt;
    }
    return fmt::format(
            "SQLite makes a number of the text \"{}\"; declare the column as TEXT, or set round = "
            "true for it in the route",
            text.substr(0, 60));
}

}  // namespace

Affinity affinity_of(std::string_view declared) {
    if (contains(declared, "INT")) {
        return Affinity::numeric;
    }
    static constexpr std::array<std::string_view, 4> kKeeping = {"CHAR", "CLOB", "TEXT", "BLOB"};
    const auto is_in = [&](std::string_view word) { return contains(declared, word); };
    if (declared.empty() || std::ranges::any_of(kKeeping, is_in)) {
        return Affinity::none;
    }
    static constexpr std::array<std::string_view, 3> kReal = {"REAL", "FLOA", "DOUB"};
    return std::ranges::any_of(kReal, is_in) ? Affinity::real : Affinity::numeric;
}

Loss loss_in(Affinity affinity, const Value& value) {
    if (affinity == Affinity::none) {
        return std::nullopt;
    }
    switch (value.type()) {
        case ColumnType::integer:
            return affinity == Affinity::real
                           ? loss_in_double(value, static_cast<double>(value.integer()))
                           : std::nullopt;
        case ColumnType::text: return loss_of_text(affinity, value.text());
        case ColumnType::decimal: return loss_of_number(affinity, value.text());
        case ColumnType::json:
            return looks_like_a_number(value.text()) ? loss_of_number(affinity, value.text())
                                                     : std::nullopt;
        case ColumnType::real:
        case ColumnType::boolean:
        case ColumnType::bytes:
        case ColumnType::timestamp: break;
    }
    return std::nullopt;
}

}  // namespace foz::sink::sqlite
