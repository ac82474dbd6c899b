// SPDX-License-Identifier: Apache-2.0
#include "pipeline/lane_start.h"

#include <algorithm>

#include "pipeline/cursor_position.h"

namespace foz::pipeline {

LaneStart lane_start(const LaneFacts& facts) {
    LaneStart start;
    const journal::Position found = position_of(facts.found);
    if (found > facts.end) {
        start.cursor = facts.found;
        start.blocked = fmt::format(
                "the database has stored everything before position {}, but the journal ends at "
                "{}: its last records are lost, perhaps because it was restored from a snapshot, "
                "and new readings would be taken for stored ones. They wait in the journal until "
                "you stop foz, run `foz journal new-id`, which lets it go on under another id, and "
                "start it again",
                found, facts.end);
        return start;
    }
    const journal::Position earliest = std::max(facts.since, facts.first);
    if (facts.found >= cursor_at(earliest)) {
        start.cursor = facts.found;
        return start;
    }
    start.cursor = cursor_at(earliest);
    // A lane that is new to the journal and to the database needs what the journal has, and had
    // before it no business. Another has lost what it had stored between its cursor and here.
    if (facts.replays) {
        const journal::Position wanted = std::max(found, facts.since);
        if (wanted < earliest) {
            start.gap = {wanted, earliest};
        }
        return start;
    }
    const bool had_come_no_further = !facts.known || *facts.known <= facts.since;
    const bool is_new = facts.found == sink::Cursor{} && had_come_no_further;
    const bool starts_at_since =
            found < facts.since && had_come_no_further && facts.first <= facts.since;
    if (!is_new && !starts_at_since) {
        start.gap = {found, earliest};
    }
    return start;
}

}  // namespace foz::pipeline
