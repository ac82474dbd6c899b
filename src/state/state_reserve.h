// SPDX-License-Identifier: Apache-2.0
// A file that only takes room, DATA/state.reserve. SQLite cannot even delete on a full disk: it
// writes down first what it changes. Given back, the file is the room for that, so that a person
// can always get rid of dead letters. One process at a time needs it; any thread.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/error.h"

namespace foz::state {

inline constexpr std::uint64_t kReserveBytes = 8ULL << 20;

/// Makes the file if it is not there, and not if that would take the last room. Error: io.
[[nodiscard]] Result<void> keep_reserve(const std::filesystem::path& folder);

/// Removes the file if less than its size is free on the disk. Whether it did.
bool give_back_reserve(const std::filesystem::path& folder);

}  // namespace foz::state
