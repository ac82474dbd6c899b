// SPDX-License-Identifier: Apache-2.0
// A position in the journal's files: its number, 8 bytes, little-endian.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "journal/position.h"

namespace foz::journal::local {

inline constexpr std::size_t kPositionBytes = sizeof(std::uint64_t);

[[nodiscard]] inline Position load_position(const void* from) {
    return Position::from_number(load_little<std::uint64_t>(from));
}

inline void store_position(void* to, Position position) {
    store_little(to, position.number());
}

}  // namespace foz::journal::local
