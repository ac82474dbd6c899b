// SPDX-License-Identifier: Apache-2.0
// How long to wait before the next attempt: doubling from 50 ms to a maximum, each wait shortened
// at random by up to half, so that many lanes do not knock on a database that restarts all at once.
// One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace foz {

class Backoff {
  public:
    Backoff(std::chrono::milliseconds delay_max, std::uint64_t seed)
        : delay_max_(delay_max), random_(seed) {}

    /// The wait after one more failure: in [d/2, d] where d doubles with each call.
    [[nodiscard]] std::chrono::milliseconds next();
    /// After a success: starts again with the shortest wait.
    void reset() { delay_ = kFirstDelay; }

  private:
    static constexpr std::chrono::milliseconds kFirstDelay{50};

    std::chrono::milliseconds delay_max_;
    std::chrono::milliseconds delay_ = kFirstDelay;
    std::mt19937_64 random_;
};

}  // namespace foz
