// SPDX-License-Identifier: Apache-2.0
#include "pipeline/lane_start.h"

#include <algorithm>

namespace foz::pipeline {

LaneStart lane_start(const LaneFacts& facts) {
    LaneStart start;
    if (facts.found.position > facts.end) {
        start.cursor = facts.found;
        start.blocked = fmt::format(
            "the database has stored everything before position {}, but the journal ends at {}: "
            "its last records are lost, perhaps because it was restored from a snapshot, and new "
            "readings would be taken for stored ones. They wait in the journal until you stop foz, "
            "run `foz journal new-id`, which lets it go on under another id, and start it again",
            facts.found.position,
            facts.end
        );
        return start;
    }
    const sink::Cursor earliest{std::max(facts.since, facts.first), 0};
    if (facts.found >= earliest) {
        start.cursor = facts.found;
        return start;
    }
    start.cursor = earliest;
    // A lane that is new to the journal and to the database needs what the journal has, and had
    // before it no business. Another has lost what it had stored between its cursor and here.
    if (facts.replays) {
        const journal::Position wanted = std::max(facts.found.position, facts.since);
        if (wanted < earliest.position) {
            start.gap = {wanted, earliest.position};
        }
        return start;
    }
    const bool is_new = facts.found == sink::Cursor{} && facts.known.value_or(0) <= facts.since;
    const bool starts_at_since = facts.found.position < facts.since &&
                                 facts.known.value_or(0) <= facts.since &&
                                 facts.first <= facts.since;
    if (!is_new && !starts_at_since) {
        start.gap = {facts.found.position, earliest.position};
    }
    return start;
}

}  // namespace foz::pipeline
