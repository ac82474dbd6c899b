// SPDX-License-Identifier: Apache-2.0
// The clock seam: whatever depends on time takes a Clock by constructor, so that a test can move
// time.
#pragma once

#include <chrono>
#include <cstdint>

namespace foz {

/// Microseconds since 1970-01-01 00:00:00 UTC, without leap seconds: the unit of every stored time.
using Microseconds = std::chrono::microseconds;
using SystemTime = std::chrono::time_point<std::chrono::system_clock, Microseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

/// Whoever waits for a time by a Clock.
class ClockWaiter {
  public:
    virtual ~ClockWaiter() = default;

    /// The clock was moved: what was waited for may be due. On the thread that moved it.
    virtual void on_clock_moved() = 0;
};

/// Any thread may call any method.
class Clock {
  public:
    virtual ~Clock() = default;

    /// Wall-clock time; may jump when the machine's clock is set.
    [[nodiscard]] virtual SystemTime system_now() const = 0;

    /// Time that only goes forward; for intervals and time-outs.
    [[nodiscard]] virtual SteadyTime steady_now() const = 0;

    /// From now on `waiter` is told when somebody moves the clock, as tests do; the machine's own
    /// goes by itself. remove_waiter() waits for a running call.
    virtual void add_waiter(ClockWaiter& /*waiter*/) const {}
    virtual void remove_waiter(ClockWaiter& /*waiter*/) const {}
};

/// The machine's clock. One object, for the life of the process.
[[nodiscard]] const Clock& real_clock();

}  // namespace foz
