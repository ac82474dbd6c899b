// SPDX-License-Identifier: Apache-2.0
// Positions of a journal in tests: short to write, and printed by gtest as the numbers that they
// are.
#pragma once

#include <cstdint>
#include <ostream>

#include "journal/position.h"

namespace foz {

[[nodiscard]] constexpr journal::Position at(std::uint64_t number) {
    return journal::Position::from_number(number);
}

}  // namespace foz

namespace foz::journal {

// NOLINTNEXTLINE(readability-identifier-naming): gtest looks for this name
inline void PrintTo(Position position, std::ostream* stream) {
    *stream << position.number();
}

}  // namespace foz::journal
