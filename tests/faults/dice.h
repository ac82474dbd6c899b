// SPDX-License-Identifier: Apache-2.0
// When a fault strikes and how often. FOZ_FAULT_SEED repeats a run, FOZ_FAULT_ROUNDS makes a long
// one. One thread.
#pragma once

#include <cstdint>
#include <random>

namespace foz::faults {

class Dice {
  public:
    /// Prints the seed.
    Dice();

    [[nodiscard]] static bool long_run();
    [[nodiscard]] static std::uint64_t rounds(std::uint64_t otherwise);
    /// Somewhere in the next acknowledgements.
    [[nodiscard]] std::uint64_t some();

  private:
    std::uint64_t seed_;
    std::mt19937_64 random_;
};

}  // namespace foz::faults
