// SPDX-License-Identifier: Apache-2.0
#include "mapping/timestamp_reader.h"

#include <sstream>

#include <date/date.h>

#include "mapping/excerpt.h"
#include "mapping/number.h"
#include "mapping/plain_text.h"

namespace foz::mapping {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr date::sys_days kFirstDay = date::year(1) / 1 / 1;
constexpr date::sys_days kDayAfterLast = date::year(10000) / 1 / 1;

/// A time as it is written.
struct WrittenTime {
    seconds clock{0};  // what the clocks show, counted from 1970
    Microseconds fraction{0};
    std::optional<seconds> offset;  // from UTC
    bool has_time_of_day = false;
};

/// Reads the parts of a time from left to right. After the first part that does not fit, ok() is
/// false.
class TimeScanner {
  public:
    explicit TimeScanner(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool at_end() const { return at_ == end_; }
    [[nodiscard]] char next() const { return at_ == end_ ? '\0' : *at_; }

    bool take(char c) {
        if (next() != c || at_ == end_) return false;
        ++at_;
        return true;
    }

    void expect(char c) { ok_ = take(c) && ok_; }

    /// A number of exactly `kDigits` digits that is not over `max`.
    template <int kDigits>
    int number(int max) {
        if (end_ - at_ < kDigits) {
            ok_ = false;
            return 0;
        }
        int value = 0;
        bool digits_only = true;
        for (int i = 0; i < kDigits; ++i) {
            const int digit = *at_++ - '0';
            digits_only &= static_cast<unsigned>(digit) <= 9;
            value = value * 10 + digit;
        }
        ok_ &= digits_only & (value <= max);
        return value;
    }

    /// One to nine digits after the point; those after the sixth are dropped.
    Microseconds fraction() {
        std::int64_t value = 0;
        int digits = 0;
        for (; next() >= '0' && next() <= '9'; ++digits, ++at_) {
            if (digits < 6) value = value * 10 + (next() - '0');
        }
        ok_ = ok_ && digits >= 1 && digits <= 9;
        for (; digits < 6; ++digits) {
            value *= 10;
        }
        return Microseconds(value);
    }

  private:
    const char* at_;
    const char* end_;
    bool ok_ = true;
};

seconds scan_date(TimeScanner& scanner, bool& exists) {
    const int year = scanner.number<4>(9999);
    scanner.expect('-');
    const int month = scanner.number<2>(99);
    scanner.expect('-');
    const int day = scanner.number<2>(99);
    const date::year_month_day date = date::year(year) / date::month(static_cast<unsigned>(month)) /
                                      date::day(static_cast<unsigned>(day));
    exists = scanner.ok() && year >= 1 && date.ok();
    return exists ? date::sys_days(date).time_since_epoch() : seconds(0);
}

/// "Z", "+hh", "+hhmm", "+hh:mm"; nothing is no offset.
void scan_offset(TimeScanner& scanner, WrittenTime& time) {
    if (scanner.at_end()) return;
    if (scanner.take('Z') || scanner.take('z')) {
        time.offset = seconds(0);
        return;
    }
    const bool west = scanner.next() == '-';
    if (!scanner.take('+') && !scanner.take('-')) return;
    seconds offset = hours(scanner.number<2>(23));
    if (!scanner.at_end()) {
        (void)scanner.take(':');
        offset += minutes(scanner.number<2>(59));
    }
    time.offset = west ? -offset : offset;
}

void scan_time_of_day(TimeScanner& scanner, WrittenTime& time) {
    time.has_time_of_day = true;
    time.clock += hours(scanner.number<2>(23));
    scanner.expect(':');
    time.clock += minutes(scanner.number<2>(59));
    if (scanner.take(':')) {
        time.clock +=
                seconds(scanner.number<2>(60));  // 60: a leap second, the same as the next one
        if (scanner.take('.') || scanner.take(',')) time.fraction = scanner.fraction();
    }
    if (scanner.next() == ' ') (void)scanner.take(' ');
    scan_offset(scanner, time);
}

enum class Form : std::uint8_t { good, no_such_day, unknown };

Form scan_iso(std::string_view text, WrittenTime& time) {
    TimeScanner scanner(text);
    bool day_exists = false;
    time.clock = scan_date(scanner, day_exists);
    if (!scanner.ok()) return Form::unknown;
    if (scanner.take('T') || scanner.take(' ') || scanner.take('t')) {
        scan_time_of_day(scanner, time);
    }
    if (!scanner.ok() || !scanner.at_end()) return Form::unknown;
    return day_exists ? Form::good : Form::no_such_day;
}

std::unexpected<std::string> out_of_years(std::string_view text) {
    return std::unexpected(
            fmt::format("\"{}\" is outside of the years 0001 to 9999", excerpt(text)));
}

TimestampReader::Outcome in_range(SystemTime time, std::string_view text) {
    if (time < kFirstDay || time >= kDayAfterLast) return out_of_years(text);
    return time;
}

int digits_below_second(config::EpochUnit unit) {
    switch (unit) {
        case config::EpochUnit::seconds: return 0;
        case config::EpochUnit::milliseconds: return 3;
        case config::EpochUnit::microseconds: return 6;
        case config::EpochUnit::nanoseconds: return 9;
    }
    return 0;
}

bool names_zone(std::string_view format) {
    for (std::size_t i = 0; i + 1 < format.size(); ++i) {
        if (format[i] != '%') continue;
        ++i;
        if (format[i] == 'E' || format[i] == 'O') ++i;
        while (i < format.size() && format[i] >= '0' && format[i] <= '9') {
            ++i;
        }
        if (i < format.size() && format[i] == 'Z') return true;
    }
    return false;
}

/// A format with a slip in it would turn every reading into a dead letter: write a time in it and
/// read it back.
Result<void> check_format(const std::string& format) {
    if (names_zone(format)) {
        return fail(ErrorCode::invalid,
                "format \"{}\" has %Z, the abbreviation of a time zone, which may mean several; "
                "use %z for an offset such as +0200, or write the letters as they are and set zone",
                format);
    }
    const date::sys_seconds sample = date::sys_days(date::year(2022) / 8 / 1) + hours(10);
    std::istringstream written(date::format(format, sample));
    date::sys_seconds read;
    written >> date::parse(format, read);
    if (written.fail() || date::floor<date::days>(read) != date::floor<date::days>(sample)) {
        return fail(ErrorCode::invalid,
                "format \"{}\" does not describe a date; an example: \"%d/%m/%Y %H:%M:%S\"",
                format);
    }
    return {};
}

}  // namespace

Result<TimestampReader> TimestampReader::for_column(const config::Column& column) {
    auto local_time = LocalTime::in_zone(column.zone);
    if (!local_time) return pass_on(local_time);
    if (column.format) {
        if (auto good = check_format(*column.format); !good) return pass_on(good);
    }
    TimestampReader reader;
    reader.local_time_ = std::move(*local_time);
    reader.unit_ = column.unit;
    reader.format_ = column.format;
    return reader;
}

TimestampReader::Outcome TimestampReader::from_text(std::string_view text) {
    text = without_surrounding_space(text);
    if (format_) return from_format(text, *format_);
    WrittenTime time;
    switch (scan_iso(text, time)) {
        case Form::good: break;
        case Form::no_such_day:
            return std::unexpected(
                    fmt::format("\"{}\" is a day that does not exist", excerpt(text)));
        case Form::unknown:
            if (is_loose_number(text)) return from_number(text);
            return std::unexpected(fmt::format(
                    "\"{}\" is not a time in a known form, such as 2022-08-01T10:00:00Z; for "
                    "another form declare the column's format",
                    excerpt(text)));
    }
    const seconds utc = time.offset ? time.clock - *time.offset : local_time_.to_utc(time.clock);
    return in_range(SystemTime(utc + time.fraction), text);
}

TimestampReader::Outcome TimestampReader::from_number(std::string_view number) const {
    if (!unit_) {
        return std::unexpected(
                fmt::format("the time is the number {}, whose unit is unknown; declare the "
                            "column's unit (s, ms, us or ns)",
                        excerpt(number)));
    }
    const Scaled scaled = scaled_integer(number, 6 - digits_below_second(*unit_));
    if (scaled.exactness == Exactness::out_of_range) return out_of_years(number);
    return in_range(SystemTime(Microseconds(scaled.value)), number);
}

TimestampReader::Outcome TimestampReader::from_format(
        std::string_view text, const std::string& format) {
    std::istringstream stream{std::string(text)};
    date::fields<std::chrono::nanoseconds> fields;
    std::string abbreviation;
    minutes offset = minutes::min();
    date::from_stream(stream, format.c_str(), fields, &abbreviation, &offset);
    if (stream.fail() || stream.peek() != std::istringstream::traits_type::eof() ||
            !fields.ymd.ok()) {
        return std::unexpected(
                fmt::format("\"{}\" is not a time of the form \"{}\"", excerpt(text), format));
    }
    std::chrono::nanoseconds time_of_day{0};
    if (fields.has_tod) time_of_day = fields.tod.to_duration();
    const seconds whole = std::chrono::floor<seconds>(time_of_day);
    const seconds clock = date::sys_days(fields.ymd).time_since_epoch() + whole;
    if (fields.ymd.year() < date::year(1) || fields.ymd.year() > date::year(9999))
        return out_of_years(text);
    const seconds utc = offset == minutes::min() ? local_time_.to_utc(clock) : clock - offset;
    return in_range(SystemTime(utc + std::chrono::floor<Microseconds>(time_of_day - whole)), text);
}

bool is_instant(std::string_view text) {
    WrittenTime time;
    return scan_iso(text, time) == Form::good && time.has_time_of_day && time.offset;
}

}  // namespace foz::mapping
