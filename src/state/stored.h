// SPDX-License-Identifier: Apache-2.0
// What stands in state.db for a number or a time. Any thread.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace foz::state {

/// SQLite's integers are signed; a position never comes near the sign bit.
[[nodiscard]] constexpr std::int64_t stored(std::uint64_t number) {
    return static_cast<std::int64_t>(number);
}
/// Microseconds since 1970.
[[nodiscard]] constexpr std::int64_t stored(SystemTime time) {
    return time.time_since_epoch().count();
}

}  // namespace foz::state
