// SPDX-License-Identifier: Apache-2.0
#include "sensor/options.h"

#include <array>
#include <charconv>
#include <utility>

#include "sensor/payload_template.h"

namespace foz::sensor {

namespace {

/// A pattern in which only {n} makes sense, as it is written once and not for each reading.
Result<void> check_name_pattern(
        std::string_view what, std::string_view pattern, std::size_t size_max) {
    const auto parsed = PayloadTemplate::parse(pattern);
    if (!parsed) {
        return fail(ErrorCode::invalid, "{}: {}", what, parsed.error().message);
    }
    for (const char* name : {"temperature", "time", "time_us", "epoch_ms", "sequence"}) {
        if (parsed->uses(name)) {
            return fail(
                    ErrorCode::invalid, "{}: only {{n}} may stand in it, not {{{}}}", what, name);
        }
    }
    if (parsed->size_max() > size_max) {
        return fail(ErrorCode::invalid, "{}: longer than {} bytes", what, size_max);
    }
    return {};
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, double>, 7> kUnits{{
        {"", 1e9},
        {"us", 1e3},
        {"ms", 1e6},
        {"s", 1e9},
        {"m", 60e9},
        {"h", 3600e9},
        {"d", 86400e9},
    }};
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit(
            read.ptr, static_cast<std::size_t>(text.data() + text.size() - read.ptr));
    for (const auto& [name, nanoseconds] : kUnits) {
        if (read.ec == std::errc() && unit == name && number >= 0 && number * nanoseconds < 9e18) {
            return std::chrono::nanoseconds(static_cast<std::int64_t>(number * nanoseconds));
        }
    }
    return fail(ErrorCode::invalid, "\"{}\" is not a duration; write 250ms, 1s, 5m or 2h", text);
}

Result<mqtt::ProtocolVersion> parse_version(std::string_view text) {
    if (text == "3.1") {
        return mqtt::ProtocolVersion::v3_1;
    }
    if (text == "3.1.1") {
        return mqtt::ProtocolVersion::v3_1_1;
    }
    if (text == "5" || text == "5.0") {
        return mqtt::ProtocolVersion::v5;
    }
    return fail(ErrorCode::invalid, "\"{}\" is not a version of MQTT; there are 3.1, 3.1.1 and 5",
            text);
}

Result<void> check_options(const Options& options) {
    if (!options.broker.tls && (options.tls.ca || options.tls.certificate)) {
        return fail(ErrorCode::invalid,
                "--cafile, --cert and --key are for TLS: write --url mqtts://HOST");
    }
    if (auto checked = check_name_pattern("--client-id", options.client_id, 0xFFFF); !checked) {
        return checked;
    }
    if (options.count > 1 && !PayloadTemplate::parse(options.client_id)->uses("n")) {
        return fail(ErrorCode::invalid,
                "--client-id: {} sensors cannot share one client id; put {{n}} into it",
                options.count);
    }
    if (auto checked = check_name_pattern("--topic", options.topic, 0xFFFF); !checked) {
        return checked;
    }
    if (options.topic.empty() || options.topic.find_first_of("#+") != std::string::npos) {
        return fail(ErrorCode::invalid,
                "--topic: a reading is published to a topic name, without # and +");
    }
    if (const auto payload = PayloadTemplate::parse(options.payload); !payload) {
        return fail(ErrorCode::invalid, "--payload: {}", payload.error().message);
    }
    return {};
}

}  // namespace foz::sensor
