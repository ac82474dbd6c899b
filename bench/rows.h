// SPDX-License-Identifier: Apache-2.0
// The rows that the bare loaders store: what the sensors of the benchmark publish. `per_device`
// readings of each of `devices` devices, interleaved as they arrive from 1,000 connections that
// have 100 readings in flight each.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

constexpr std::size_t kBatchRows = 20'000;
constexpr std::size_t kDevices = 1'000;
constexpr std::size_t kInFlight = 100;

struct Row {
    double temperature;
    std::int64_t time_us;  // since 1970-01-01 UTC
    const std::string* device;
};

class Rows {
  public:
    Rows() {
        for (std::size_t device = 1; device <= kDevices; ++device) {
            devices_.push_back("esp32-" + std::to_string(device));
        }
    }

    /// The row with that number, from 0.
    [[nodiscard]] Row row(std::size_t number) const {
        constexpr std::int64_t kBegin = 1'659'348'000'000'000;
        const std::size_t device = number / kInFlight % kDevices;
        const std::size_t reading =
                number / (kInFlight * kDevices) * kInFlight + number % kInFlight;
        return {
            20.0 + static_cast<double>(number * 7 % 100) / 10,
            kBegin + static_cast<std::int64_t>(reading * 1000 + device),
            &devices_[device],
        };
    }

  private:
    std::vector<std::string> devices_;
};

/// A time as text, "2022-08-01 10:00:00.123456". Fast for times of one day.
class TimeText {
  public:
    /// Valid until the next call.
    std::string_view of(std::int64_t time_us) {
        const std::int64_t second = time_us / 1'000'000;
        if (second / 86400 != day_) {
            day_ = second / 86400;
            const std::time_t time = day_ * 86400;
            std::tm date{};
            std::strftime(text_, sizeof text_, "%Y-%m-%d 00:00:00.000000", gmtime_r(&time, &date));
        }
        write_digits(11, second / 3600 % 24, 2);
        write_digits(14, second / 60 % 60, 2);
        write_digits(17, second % 60, 2);
        write_digits(20, time_us % 1'000'000, 6);
        return {text_, 26};
    }

  private:
    void write_digits(int at, std::int64_t value, int digits) {
        for (int digit = at + digits - 1; digit >= at; --digit) {
            text_[digit] = static_cast<char>('0' + value % 10);
            value /= 10;
        }
    }

    std::int64_t day_ = -1;
    char text_[32] = {};
};

/// Ends the program: a benchmark has nothing to recover.
[[noreturn]] inline void give_up(const char* what, const char* why) {
    std::fprintf(stderr, "%s: %s\n", what, why);
    std::exit(1);
}

/// What every loader prints.
inline void print_result(std::size_t rows, double seconds) {
    std::printf("{\"rows\": %zu, \"duration_s\": %.6f, \"rows_per_s\": %.1f}\n", rows, seconds,
            static_cast<double>(rows) / seconds);
}

}  // namespace bench
