// SPDX-License-Identifier: Apache-2.0
// Whose is the cursor that a database keeps for a lane? Two data folders can have the same journal
// id: one is a copy of the other, or was restored from a snapshot. If either took the other's
// cursor for its own, it would take readings for stored that never were. Two marks in foz_cursor
// show it:
//
//   writer       a random name of whoever moved the cursor last, new with each start of a lane, and
//                known to state.db before it is used. A lane sets it when it connects, and a commit
//                goes through only while it is there: of two that run, the second finds out.
//   fingerprint  of the record before the cursor. It shows a journal that was restored, however
//                far it has grown since.
//
// What is found stays found: both are compared each time a lane connects, until a person gives the
// journal an id of its own (`foz journal new-id`).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "journal/journal.h"
#include "sink/sink.h"
#include "state/state_database.h"

namespace foz::pipeline {

/// Record::fingerprint of the record before `position`; 0 when there is none or it is no longer
/// kept.
[[nodiscard]] Result<std::uint64_t> fingerprint_before(
        journal::Readable& journal, journal::Position position);

/// Why the cursor is another's, for a person; nothing when it is this data folder's, or nothing
/// shows whose. `here` is what fingerprint_before() says of its position; 0 for a lane whose
/// cursors are no positions of the journal. Error: state.db cannot be read.
[[nodiscard]] Result<std::optional<std::string>> foreign_owner(state::StateDatabase& state,
        const sink::Cursor& cursor, const sink::CursorMark& mark, std::uint64_t here);

}  // namespace foz::pipeline
