// SPDX-License-Identifier: Apache-2.0
#include "sensor/summary.h"

#include <array>
#include <iterator>
#include <utility>

namespace foz::sensor {

namespace {

struct Percentile {
    const char* text;
    const char* key;
    double percent;
};

constexpr std::array<Percentile, 6> kPercentiles{{
    {"min", "min", 0},
    {"p50", "p50", 50},
    {"p90", "p90", 90},
    {"p99", "p99", 99},
    {"p99.9", "p99_9", 99.9},
    {"max", "max", 100},
}};

double seconds(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double>(duration).count();
}

double microseconds(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
}

std::uint64_t messages(const Summary& summary, const Options& options) {
    return options.qos == 0 ? summary.statistics.sent : summary.statistics.acknowledged;
}

double messages_per_second(const Summary& summary, const Options& options) {
    const double duration = seconds(summary.duration);
    return duration > 0 ? static_cast<double>(messages(summary, options)) / duration : 0;
}

double cpu_nanoseconds_per_message(const Summary& summary, const Options& options) {
    const auto count = messages(summary, options);
    const auto cpu = static_cast<double>((summary.cpu_user + summary.cpu_system).count());
    return count > 0 ? cpu / static_cast<double>(count) : 0;
}

std::string duration_text(std::chrono::nanoseconds duration) {
    const double value = microseconds(duration);
    if (value < 1e3) {
        return fmt::format("{:.0f} µs", value);
    }
    return value < 1e6 ? fmt::format("{:.2f} ms", value / 1e3)
                       : fmt::format("{:.2f} s", value / 1e6);
}

std::string json_string(std::string_view text) {
    std::string json = "\"";
    for (const char character : text) {
        if (character == '"' || character == '\\') {
            json += '\\';
        }
        json += static_cast<unsigned char>(character) < 0x20 ? ' ' : character;
    }
    return json + '"';
}

}  // namespace

std::string summary_text(const Summary& summary, const Options& options) {
    const Statistics& statistics = summary.statistics;
    std::string text = fmt::format(
            "sent           {}\nacknowledged   {}\n", statistics.sent, statistics.acknowledged);
    auto to = std::back_inserter(text);
    for (const auto& [name, count] : {std::pair{"unacknowledged", statistics.unacknowledged},
             std::pair{"refused", statistics.refused}, std::pair{"sent again", statistics.resent},
             std::pair{"sessions lost", statistics.sessions_lost}}) {
        if (count > 0) {
            fmt::format_to(to, "{:<15}{}\n", name, count);
        }
    }
    fmt::format_to(to,
            "connections    {} ({} of them reconnections)\nduration       {:.3f} s, {:.0f} "
            "messages/s\n",
            statistics.connections, statistics.reconnections, seconds(summary.duration),
            messages_per_second(summary, options));
    if (statistics.latency.count() > 0) {
        text += "latency       ";
        for (const Percentile& percentile : kPercentiles) {
            const auto latency = statistics.latency.percentile(percentile.percent);
            fmt::format_to(to, " {} {} ", percentile.text, duration_text(latency));
        }
        text.back() = '\n';
    }
    fmt::format_to(to,
            "CPU time       user {:.3f} s, system {:.3f} s; {:.0f} ns for each message\n",
            seconds(summary.cpu_user), seconds(summary.cpu_system),
            cpu_nanoseconds_per_message(summary, options));
    if (!statistics.last_error.empty()) {
        fmt::format_to(to, "last error     {}\n", statistics.last_error);
    }
    return text;
}

std::string summary_json(const Summary& summary, const Options& options) {
    const Statistics& statistics = summary.statistics;
    std::string json = fmt::format(
            R"({{"sensors": {}, "connections": {}, "reconnections": {}, "sent": {}, "resent": {}, )"
            R"("acknowledged": {}, "refused": {}, "unacknowledged": {}, "sessions_lost": {}, )"
            R"("first_publish_s": {:.6f}, "duration_s": {:.6f}, "messages_per_s": {:.1f}, "latency_us": )",
            options.count, statistics.connections, statistics.reconnections, statistics.sent,
            statistics.resent, statistics.acknowledged, statistics.refused,
            statistics.unacknowledged, statistics.sessions_lost,
            seconds(statistics.first_publish.value_or(SteadyTime()).time_since_epoch()),
            seconds(summary.duration), messages_per_second(summary, options));
    auto to = std::back_inserter(json);
    if (statistics.latency.count() == 0) {
        json += "null";
    } else {
        char separator = '{';
        for (const Percentile& percentile : kPercentiles) {
            const auto latency = statistics.latency.percentile(percentile.percent);
            fmt::format_to(
                    to, "{}\"{}\": {:.1f}", separator, percentile.key, microseconds(latency));
            separator = ',';
        }
        json += '}';
    }
    fmt::format_to(to,
            R"(, "cpu_user_s": {:.6f}, "cpu_system_s": {:.6f}, "cpu_ns_per_message": {:.1f}, "last_error": {}}})",
            seconds(summary.cpu_user), seconds(summary.cpu_system),
            cpu_nanoseconds_per_message(summary, options), json_string(statistics.last_error));
    return json + '\n';
}

}  // namespace foz::sensor
