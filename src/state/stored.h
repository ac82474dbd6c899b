// SPDX-License-Identifier: Apache-2.0
// What stands in state.db for a number, a position of the journal or a time. Any thread.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "journal/position.h"

namespace foz::state {

/// SQLite's integers are signed; no count, and no position, comes near the sign bit.
[[nodiscard]] constexpr std::int64_t stored(std::uint64_t number) {
    return static_cast<std::int64_t>(number);
}
[[nodiscard]] constexpr std::int64_t stored(journal::Position position) {
    return stored(position.number());
}
[[nodiscard]] constexpr journal::Position position_from(std::int64_t stored) {
    return journal::Position::from_number(static_cast<std::uint64_t>(stored));
}
/// Microseconds since 1970.
[[nodiscard]] constexpr std::int64_t stored(SystemTime time) {
    return time.time_since_epoch().count();
}

}  // namespace foz::state
