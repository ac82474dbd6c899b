// SPDX-License-Identifier: Apache-2.0
#include "sink/literal_text.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "mapping/excerpt.h"

namespace foz::sink {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) {
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'z';
}

/// Takes a text apart from its beginning.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    bool skip(char one) {
        const bool there = rest_.starts_with(one);
        rest_.remove_prefix(there ? 1 : 0);
        return there;
    }
    void skip_blanks() {
        while (skip(' ')) {
        }
    }
    std::string_view digits() { return take(is_digit); }
    std::string_view letters() { return take(is_letter); }
    std::string_view next() {
        const std::string_view one = rest_.substr(0, 1);
        rest_.remove_prefix(one.size());
        return one;
    }
    [[nodiscard]] std::string_view rest() const { return rest_; }

  private:
    template <class Is>
    std::string_view take(Is is) {
        const auto end = std::ranges::find_if_not(rest_, is);
        const auto size = static_cast<std::size_t>(end - rest_.begin());
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    std::string_view rest_;
};

std::string_view without_blanks_around(std::string_view text) {
    while (text.starts_with(' '))
        text.remove_prefix(1);
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return text;
}

bool starts_like(std::string_view word, std::string_view start) {
    return word.size() >= start.size() &&
           std::ranges::equal(word.substr(0, start.size()), start, {},
                   [](char c) { return static_cast<char>(c | 0x20); });
}

// A month, a day of the week, an era, infinity: nothing that stands for a time of day or a zone.
bool belongs_to_date(std::string_view word) {
    static constexpr std::array<std::string_view, 23> kStarts = {"jan", "feb", "mar", "apr", "may",
        "jun", "jul", "aug", "sep", "oct", "nov", "dec", "mon", "tue", "wed", "thu", "fri", "sat",
        "sun", "bc", "ad", "infinity", "th"};
    return std::ranges::any_of(
            kStarts, [&](std::string_view start) { return starts_like(word, start); });
}

// "00:00", "00:00:00.000", and "Z" behind it: nothing is lost without it.
bool is_midnight(std::string_view text) {
    bool some = false;
    for (const char c : text) {
        if (c != '0' && c != ':' && c != '.') return false;
        some = true;
    }
    return some;
}

bool is_date_alone(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon != std::string_view::npos) {
        std::size_t start = colon;
        while (start > 0 && is_digit(text[start - 1]))
            --start;
        std::string_view clock = text.substr(start);
        if (clock.ends_with('Z')) clock.remove_suffix(1);
        if (start < 2 || !is_midnight(clock) || (text[start - 1] != ' ' && text[start - 1] != 'T'))
            return false;
        text = text.substr(0, start - 1);
    }
    Scanner scanner(text);
    int numbers = 0;
    bool named = false;
    bool blank = false;
    while (!scanner.at_end()) {
        if (!scanner.digits().empty()) {
            ++numbers;
        } else if (const std::string_view word = scanner.letters(); !word.empty()) {
            if (!belongs_to_date(word)) return false;
            named = true;
        } else {
            const std::string_view one = scanner.next();
            if (one == "+") return false;  // a zone
            blank = blank || one == " ";
        }
    }
    return numbers <= (named ? 2 : 3) && (named || !blank);
}

bool skip_fraction(Scanner& scanner, std::int64_t places) {
    if (!scanner.skip('.')) return true;
    std::string_view fraction = scanner.digits();
    while (fraction.ends_with('0'))
        fraction.remove_suffix(1);
    return std::cmp_less_equal(fraction.size(), places);
}

// "12:30", "12:30:15.25", "123015"; more than two digits of hours if `long_hours`.
bool skip_clock(Scanner& scanner, std::int64_t places, bool long_hours) {
    constexpr std::size_t kWithoutColons = 6;
    const std::string_view hours = scanner.digits();
    if (hours.empty()) return false;
    if (!scanner.skip(':')) return hours.size() == kWithoutColons && skip_fraction(scanner, places);
    if (hours.size() > (long_hours ? 3 : 2) || scanner.digits().size() != 2) return false;
    if (scanner.skip(':') && scanner.digits().size() != 2) return false;
    return skip_fraction(scanner, places);
}

bool skip_half_of_day(Scanner& scanner) {
    scanner.skip_blanks();
    const Scanner before = scanner;
    const std::string_view word = scanner.letters();
    if (word.size() == 2 && (starts_like(word, "am") || starts_like(word, "pm"))) return true;
    scanner = before;
    return word.empty();
}

bool is_clock(std::string_view text, std::int64_t places) {
    Scanner scanner(text);
    scanner.skip('T');
    return skip_clock(scanner, places, false) && skip_half_of_day(scanner) && scanner.at_end();
}

bool is_clock_with_zone(std::string_view text, std::int64_t places) {
    Scanner scanner(text);
    scanner.skip('T');
    if (!skip_clock(scanner, places, false)) return false;
    static_cast<void>(skip_half_of_day(scanner));
    // What is left is a zone, if the server takes it; a date has more digits in a row.
    return std::ranges::none_of(scanner.rest(), [](char c) { return c == '.' || c == ' '; });
}

bool is_duration(std::string_view text, std::int64_t places) {
    Scanner scanner(text);
    scanner.skip('-');
    Scanner days = scanner;
    if (!days.digits().empty() && days.skip(' ')) scanner = days;
    return skip_clock(scanner, places, true) && scanner.at_end();
}

// A fraction must be one of a unit that is a whole number of microseconds: of a month it would be
// rounded to days.
bool is_whole_interval(std::string_view text, std::int64_t places) {
    Scanner scanner(text);
    while (!scanner.at_end()) {
        const std::string_view one = scanner.next();
        if (one != ".") continue;
        std::string_view fraction = scanner.digits();
        while (fraction.ends_with('0'))
            fraction.remove_suffix(1);
        if (fraction.empty()) continue;
        scanner.skip_blanks();
        const std::string_view unit = scanner.letters();
        const bool exact = unit.empty() || starts_like(unit, "s") || starts_like(unit, "h") ||
                           starts_like(unit, "min") || starts_like(unit, "d");
        if (!exact || std::cmp_greater(fraction.size(), places)) return false;
    }
    return true;
}

bool keeps(Literal literal, std::string_view text, std::int64_t places) {
    constexpr std::size_t kYearDigits = 4;
    switch (literal) {
        case Literal::whole: return true;
        case Literal::date: return is_date_alone(text);
        case Literal::time: return is_clock(text, places);
        case Literal::time_zone: return is_clock_with_zone(text, places);
        case Literal::duration: return is_duration(text, places);
        case Literal::interval: return is_whole_interval(text, places);
        case Literal::year:
            return text.size() == kYearDigits && std::ranges::all_of(text, is_digit) &&
                   (!text.starts_with("00") || text == "0000");
    }
    return false;
}

std::string expected(Literal literal, std::int64_t places) {
    switch (literal) {
        case Literal::whole: break;
        case Literal::date: return "a date without a time of day, such as 2026-01-31";
        case Literal::time:
            return fmt::format(
                    "a time of day without date and zone, with at most {} digits behind the "
                    "second, such as 13:30:00",
                    places);
        case Literal::time_zone:
            return fmt::format(
                    "a time of day without date, with at most {} digits behind the second, such as "
                    "13:30:00+02",
                    places);
        case Literal::duration:
            return fmt::format(
                    "a time without date and zone, with at most {} digits behind the second, such "
                    "as 13:30:00",
                    places);
        case Literal::interval:
            return fmt::format(
                    "a time span with at most {} digits behind the point, and none for weeks, "
                    "months and years, such as 1 day 02:30:00",
                    places);
        case Literal::year: return "a year of four digits";
    }
    return "";
}

}  // namespace

Loss loss_in_literal(Literal literal, std::string_view text, std::int64_t places) {
    if (keeps(literal, without_blanks_around(text), places)) {
        return std::nullopt;
    }
    return fmt::format(
            "\"{}\" would not be kept whole: it takes {}; alter the column, or set round = true "
            "for it in the route",
            mapping::excerpt(text), expected(literal, places));
}

}  // namespace foz::sink
