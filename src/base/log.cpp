// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <memory>
#include <string>
#include <utility>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include "base/printable.h"
#include "base/redaction.h"

#if FMT_VERSION >= 90000 && FMT_VERSION < 100000
template void fmt::detail::vformat_to<char>(
        buffer<char>&, string_view, basic_format_args<format_context>, locale_ref);
#endif

namespace foz {
namespace {

/// The text of an event: whoever wrote a part of it, it stays one line, steers no terminal and has
/// no password in it.
class SafeText : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& event, const std::tm& /*time*/,
            spdlog::memory_buf_t& line) override {
        const std::string text = log_text({event.payload.data(), event.payload.size()});
        line.append(text.data(), text.data() + text.size());
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<SafeText>();
    }
};

}  // namespace

std::string log_text(std::string_view text) {
    constexpr std::size_t kLineBytesMax = 16 << 10;
    return printable(redacted(text), kLineBytesMax);
}

bool set_up_log(std::string_view level) {
    const auto parsed = spdlog::level::from_str(std::string(level));
    if (parsed == spdlog::level::off) {
        return false;
    }
    auto logger = spdlog::stderr_color_mt("foz");
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<SafeText>('*').set_pattern("%Y-%m-%d %H:%M:%S.%e%z %^%-5l%$ %*");
    logger->set_formatter(std::move(formatter));
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
