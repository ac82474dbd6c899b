// SPDX-License-Identifier: Apache-2.0
#include "pipeline/standstill.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "pipeline/standstill_record.h"

namespace foz::pipeline {

namespace {

using namespace std::chrono_literals;

constexpr auto kQuietTime = 1min;
constexpr auto kInterval = 15min;

std::chrono::seconds seconds(SteadyTime::duration time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time);
}

}  // namespace

std::optional<std::string> Standstill::failed(SteadyTime began, const Clock& clock,
        std::uint64_t waiting, std::string_view last_error, bool needs_person) {
    if (!since_) {
        since_ = began;
    }
    const SteadyTime now = clock.steady_now();
    const auto still_for = seconds(now - *since_);
    if (waiting == 0 || still_for < kQuietTime || (last_said_ && now - *last_said_ < kInterval)) {
        return std::nullopt;
    }
    last_said_ = now;
    const auto since = std::chrono::floor<std::chrono::seconds>(clock.system_now()) - still_for;
    return fmt::format(
            "has stood still since {:%Y-%m-%d %H:%M:%S} UTC, for {} s: {} record{} of the journal "
            "wait{} for it. Last error: {}. {}",
            since, still_for.count(), waiting, waiting == 1 ? "" : "s", waiting == 1 ? "s" : "",
            last_error, advice_for_standstill(needs_person));
}

std::optional<std::string> Standstill::moved(SteadyTime now) {
    std::optional<std::string> line;
    if (last_said_ && since_) {
        line = fmt::format("moves again, after {} s", seconds(now - *since_).count());
    }
    since_.reset();
    last_said_.reset();
    return line;
}

}  // namespace foz::pipeline
