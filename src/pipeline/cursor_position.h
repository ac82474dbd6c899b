// SPDX-License-Identifier: Apache-2.0
// A lane's place in the journal, and what its database keeps of it. A sink::Cursor holds a number,
// because a database does, and because not every lane reads the journal: dead_replay.h counts its
// replays there. Of a lane that does, this is what the number means. Pure.
#pragma once

#include <cstdint>

#include "journal/position.h"
#include "sink/sink.h"

namespace foz::pipeline {

/// Of the message that the cursor, or the origin of an item, is in: all below is done.
[[nodiscard]] constexpr journal::Position position_of(const sink::Cursor& cursor) {
    return journal::Position::from_number(cursor.position);
}

/// At item `ordinal` of the message at `position`; 0: everything below is done, and nothing of it.
[[nodiscard]] constexpr sink::Cursor cursor_at(
        journal::Position position, std::uint32_t ordinal = 0) {
    return {.position = position.number(), .ordinal = ordinal};
}

}  // namespace foz::pipeline
