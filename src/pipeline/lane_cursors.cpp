// SPDX-License-Identifier: Apache-2.0
#include "pipeline/lane_cursors.h"

#include <algorithm>
#include <utility>

#include "pipeline/cursor_position.h"
#include "pipeline/lane_layout.h"
#include "pipeline/row_share.h"
#include "state/lane_history.h"

namespace foz::pipeline {

Result<LaneCursors> LaneCursors::load(state::StateDatabase& state, const std::string& journal,
        const std::string& database, std::uint32_t lanes, const sink::Audit& audit) {
    LaneCursors cursors;
    cursors.audit_ = &audit;
    auto noted = state::load_lane_layout(state, journal, database);
    if (!noted) {
        return pass_on(noted);
    }
    const state::LaneLayout layout = noted->value_or(state::LaneLayout{lanes, {}});
    for (std::uint32_t lane = 0; lane < layout.lanes; ++lane) {
        cursors.main_.push_back(
                std::max(cursors.cursor_of(lane_name(lane)), cursor_at(layout.since)));
    }
    // After the cursors: a span that has begun since is not passed by them.
    auto spans = state::load_side_spans(state, journal, database);
    if (!spans) {
        return pass_on(spans);
    }
    cursors.spans_ = *std::move(spans);
    return cursors;
}

const state::SideSpan* LaneCursors::side_of(
        std::uint32_t lane, const std::string& table, sink::Cursor origin) const {
    for (const state::SideSpan& span : spans_) {
        if (span.lane == lane_name(lane) && span.table == table && contains(span, origin)) {
            return &span;
        }
    }
    return nullptr;
}

sink::Cursor LaneCursors::of_item(
        std::uint32_t lane, const std::string& table, sink::Cursor origin) const {
    const state::SideSpan* side = side_of(lane, table, origin);
    return side == nullptr ? main_[lane] : cursor_of(side->side);
}

sink::Cursor LaneCursors::cursor_of(const std::string& lane) const {
    const auto found = std::ranges::find(audit_->lanes, lane, &sink::LaneState::lane);
    return found == audit_->lanes.end() ? sink::Cursor{} : found->cursor;
}

}  // namespace foz::pipeline
