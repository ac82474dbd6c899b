// SPDX-License-Identifier: Apache-2.0
// The log: one line an event on standard error. Use spdlog's functions directly (spdlog::info and
// so on); this header only sets them up. Levels: error = a person must act; warn = something foz
// recovers from but a person may want to know; info = state changes; debug = per connection.
// A line begins with the local time and its offset from UTC. What a stranger wrote is bounded with
// printable() where it is put into a message; the log escapes and redacts every line once more.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <spdlog/spdlog.h>

#include "base/clock.h"

#if FMT_VERSION >= 90000 && FMT_VERSION < 100000
// Of {fmt} 9, whatever logs compiles all that formats anything, floating point included: four
// seconds a file. log.cpp does that for all.
extern template void fmt::detail::vformat_to<char>(
        buffer<char>&, string_view, basic_format_args<format_context>, locale_ref);
#endif

namespace foz {

/// Sends the log to standard error at `level` ("error", "warn", "info", "debug"). Call once, at
/// start. False for an unknown level.
[[nodiscard]] bool set_up_log(std::string_view level);

/// The text of a log line as it is written: on one line, control characters escaped, passwords of
/// URLs taken out.
[[nodiscard]] std::string log_text(std::string_view text);

/// Lets an event through at most once in `interval`, and counts what it held back: for log lines
/// that a hostile client could otherwise write without end. One thread.
class LogThrottle {
  public:
    explicit LogThrottle(std::chrono::seconds interval = std::chrono::seconds(10))
        : interval_(interval) {}

    /// The number of events held back since the last one let through, if this one may pass.
    [[nodiscard]] std::optional<std::uint64_t> pass(SteadyTime now);

  private:
    std::chrono::seconds interval_;
    std::optional<SteadyTime> last_;
    std::uint64_t held_back_ = 0;
};

}  // namespace foz
