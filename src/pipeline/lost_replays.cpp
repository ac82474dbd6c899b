// SPDX-License-Identifier: Apache-2.0
#include "pipeline/lost_replays.h"

#include <algorithm>

#include "state/replayed_letters.h"

namespace foz::pipeline {

sink::SinkResult<std::uint64_t> take_back_lost_replays(sink::Sink& sink,
        state::StateDatabase& state, const std::string& journal, const std::string& database) {
    const auto replayed = state::has_replayed(state, journal, database);
    if (!replayed) {
        return sink::retry_after(replayed.error());
    }
    if (!*replayed) {
        return 0;
    }
    const auto audit = sink.audit(journal, {});
    if (!audit) {
        return std::unexpected(audit.error());
    }
    const auto lane = std::ranges::find(audit->lanes, kDeadLane, &sink::LaneState::lane);
    const sink::Cursor cursor = lane == audit->lanes.end() ? sink::Cursor{} : lane->cursor;
    const auto returned =
            state::return_lost_replays(state, journal, database, {cursor.position, cursor.ordinal});
    if (!returned) {
        return sink::retry_after(returned.error());
    }
    return *returned;
}

}  // namespace foz::pipeline
