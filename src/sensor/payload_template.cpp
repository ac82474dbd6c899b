// SPDX-License-Identifier: Apache-2.0
#include "sensor/payload_template.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

namespace foz::sensor {

namespace {

constexpr std::size_t kFieldSizeMax = 26;  // that of {time_us}
constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz_";

template <int Digits>
char* write_digits(std::uint64_t value, char* to) {
    for (int digit = Digits - 1; digit >= 0; --digit) {
        to[digit] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
    return to + Digits;
}

char* write_integer(std::int64_t value, char* to) {
    return std::to_chars(to, to + kFieldSizeMax, value).ptr;
}

char* write_temperature(int tenths, char* to) {
    if (tenths < 0) {
        *to++ = '-';
        tenths = -tenths;
    }
    to = write_integer(tenths / 10, to);
    *to++ = '.';
    *to++ = static_cast<char>('0' + tenths % 10);
    return to;
}

/// The name in the braces that open at `text[0]`; empty when none stands there.
std::string_view name_in_braces(std::string_view text) {
    const std::size_t end = text.find_first_not_of(kNameCharacters, 1);
    if (end == std::string_view::npos || end == 1 || text[end] != '}') {
        return {};
    }
    return text.substr(1, end - 1);
}

}  // namespace

Result<PayloadTemplate::Field> PayloadTemplate::field_named(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, Field>, 6> kFields{{
        {"temperature", Field::temperature},
        {"time", Field::time},
        {"time_us", Field::time_us},
        {"epoch_ms", Field::epoch_ms},
        {"n", Field::n},
        {"sequence", Field::sequence},
    }};
    const auto* const found =
            std::ranges::find(kFields, name, [](const auto& field) { return field.first; });
    if (found == kFields.end()) {
        return fail(ErrorCode::invalid,
                "unknown placeholder {{{}}}; there are {{temperature}}, {{time}}, {{time_us}}, "
                "{{epoch_ms}}, {{n}} and {{sequence}}",
                name);
    }
    return found->second;
}

Result<PayloadTemplate> PayloadTemplate::parse(std::string_view pattern) {
    PayloadTemplate parsed;
    std::string literal;
    const auto finish_part = [&](Field field) {
        parsed.size_max_ += literal.size() + (field == Field::none ? 0 : kFieldSizeMax);
        parsed.parts_.push_back({std::exchange(literal, {}), field});
    };
    while (!pattern.empty()) {
        const std::string_view name =
                pattern.front() == '{' ? name_in_braces(pattern) : std::string_view{};
        if (name.empty()) {
            literal += pattern.front();
            pattern.remove_prefix(1);
            continue;
        }
        auto field = field_named(name);
        if (!field) {
            return pass_on(field);
        }
        finish_part(*field);
        pattern.remove_prefix(name.size() + 2);
    }
    finish_part(Field::none);
    return parsed;
}

char* PayloadTemplate::render(const Reading& reading, char* to) {
    for (const Part& part : parts_) {
        to = render_field(part.field, reading, std::ranges::copy(part.literal, to).out);
    }
    return to;
}

std::string PayloadTemplate::text(const Reading& reading) {
    std::string text(size_max_, '\0');
    text.resize(static_cast<std::size_t>(render(reading, text.data()) - text.data()));
    return text;
}

bool PayloadTemplate::uses(std::string_view name) const {
    const auto field = field_named(name);
    return field &&
           std::ranges::any_of(parts_, [&](const Part& part) { return part.field == *field; });
}

char* PayloadTemplate::render_field(Field field, const Reading& reading, char* to) {
    const std::int64_t since_epoch = reading.time.time_since_epoch().count();
    switch (field) {
        case Field::none: return to;
        case Field::temperature: return write_temperature(reading.temperature_tenths, to);
        case Field::time: return render_second(reading.time, to);
        case Field::time_us:
            to = render_second(reading.time, to);
            *to++ = '.';
            return write_digits<6>(static_cast<std::uint64_t>(since_epoch) % 1'000'000, to);
        case Field::epoch_ms: return write_integer(since_epoch / 1000, to);
        case Field::n: return write_integer(reading.sensor, to);
        case Field::sequence: return write_integer(reading.sequence, to);
    }
    return to;
}

char* PayloadTemplate::render_second(SystemTime time, char* to) {
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    if (second != second_ || second_text_[0] == '\0') {
        second_ = second;
        const auto day = std::chrono::floor<std::chrono::days>(second);
        const std::chrono::year_month_day date(day);
        const auto of_day = static_cast<std::uint64_t>((second - day).count());
        char* end = write_digits<4>(
                static_cast<std::uint64_t>(static_cast<int>(date.year())), second_text_);
        *end++ = '-';
        end = write_digits<2>(static_cast<unsigned>(date.month()), end);
        *end++ = '-';
        end = write_digits<2>(static_cast<unsigned>(date.day()), end);
        *end++ = ' ';
        end = write_digits<2>(of_day / 3600, end);
        *end++ = ':';
        end = write_digits<2>(of_day / 60 % 60, end);
        *end++ = ':';
        write_digits<2>(of_day % 60, end);
    }
    std::memcpy(to, second_text_, sizeof second_text_);
    return to + sizeof second_text_;
}

}  // namespace foz::sensor
