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

/// Any thread may call any method.
class Clock {
  public:
    virtual ~Clock() = default;

    /// Wall-clock time; may jump when the machine's clock is set.
    [[nodiscard]] virtual SystemTime system_now() const = 0;

    /// Time that only goes forward; for intervals and time-outs.
    [[nodiscard]] virtual SteadyTime steady_now() const = 0;
};

/// The machine's clock. One object, for the life of the process.
[[nodiscard]] const Clock& real_clock();

}  // namespace foz
