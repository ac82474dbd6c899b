// SPDX-License-Identifier: Apache-2.0
#include "sink/sqlite/timestamp_text.h"

#include <chrono>

namespace foz::sink::sqlite {

namespace {

void write_digits(char* to, std::int64_t number, int digits) {
    for (int i = digits - 1; i >= 0; --i) {
        to[i] = static_cast<char>('0' + number % 10);
        number /= 10;
    }
}

}  // namespace

std::optional<std::string_view> TimestampText::of(SystemTime time) {
    constexpr std::int64_t kPerSecond = 1'000'000;
    constexpr std::int64_t kPerDay = 86'400 * kPerSecond;
    const std::int64_t since_epoch = time.time_since_epoch().count();
    std::int64_t day = since_epoch / kPerDay;
    std::int64_t rest = since_epoch % kPerDay;
    if (rest < 0) {
        --day;
        rest += kPerDay;
    }
    if (day_ != day && !write_day(day)) {
        return std::nullopt;
    }
    const std::int64_t second = rest / kPerSecond;
    const std::int64_t microsecond = rest % kPerSecond;
    char* text = text_.data();
    write_digits(text + 11, second / 3600, 2);
    write_digits(text + 14, second / 60 % 60, 2);
    write_digits(text + 17, second % 60, 2);
    if (microsecond == 0) {
        return std::string_view(text, 19);
    }
    write_digits(text + 20, microsecond, 6);
    return std::string_view(text, 26);
}

bool TimestampText::write_day(std::int64_t day) {
    constexpr std::int64_t kFirstDay = -719'528;  // 0000-01-01
    constexpr std::int64_t kPastDay = 2'932'897;  // 10000-01-01
    day_.reset();
    if (day < kFirstDay || day >= kPastDay) {
        return false;
    }
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
    char* text = text_.data();
    write_digits(text, static_cast<int>(date.year()), 4);
    write_digits(text + 5, static_cast<unsigned>(date.month()), 2);
    write_digits(text + 8, static_cast<unsigned>(date.day()), 2);
    text[4] = text[7] = '-';
    text[10] = ' ';
    text[13] = text[16] = ':';
    text[19] = '.';
    day_ = day;
    return true;
}

}  // namespace foz::sink::sqlite
