// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <string>
#include <utility>

#include <spdlog/sinks/stdout_color_sinks.h>

namespace foz {

bool set_up_log(std::string_view level) {
    const auto parsed = spdlog::level::from_str(std::string(level));
    if (parsed == spdlog::level::off) {
        return false;
    }
    auto logger = spdlog::stderr_color_mt("foz");
    logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-5l%$ %v");
    logger->set_level(parsed);
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
    return true;
}

std::optional<std::uint64_t> LogThrottle::pass(SteadyTime now) {
    if (last_ && now - *last_ < interval_) {
        ++held_back_;
        return std::nullopt;
    }
    last_ = now;
    return std::exchange(held_back_, 0);
}

}  // namespace foz
