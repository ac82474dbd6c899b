// SPDX-License-Identifier: Apache-2.0
#include "pipeline/route_history.h"

#include <algorithm>

#include "pipeline/cursor_position.h"
#include "pipeline/lane_layout.h"
#include "pipeline/lane_share.h"

namespace foz::pipeline {

Result<RouteHistory> RouteHistory::load(state::StateDatabase& state, const std::string& journal,
        const std::string& database, std::span<const mapping::RouteInfo> routes,
        std::span<const sink::Cursor> cursors) {
    auto starts = state::RouteStarts::load(state, journal, database);
    if (!starts) {
        return pass_on(starts);
    }
    RouteHistory history;
    history.starts_ = *std::move(starts);
    history.lanes_ = static_cast<std::uint32_t>(cursors.size());
    std::vector<std::uint32_t> layouts = history.starts_.layouts();
    if (!layouts.empty() && std::ranges::find(layouts, history.lanes_) == layouts.end()) {
        layouts.push_back(history.lanes_);
    }
    for (const std::uint32_t lanes : layouts) {
        Layout& layout = history.layouts_.emplace_back();
        for (std::uint32_t lane = 0; lane < lanes; ++lane) {
            const journal::Position never = lanes == history.lanes_
                                                    ? position_of(cursors[lane])
                                                    : journal::Position::beyond_all();
            auto& begins = layout.begins.emplace_back();
            for (const mapping::RouteInfo& route : routes) {
                begins.push_back(history.starts_.start_of(lane_name(lane), lanes, route.name)
                                .value_or(never));
            }
        }
    }
    return history;
}

bool RouteHistory::is_before(
        std::string_view client_id, std::uint32_t route, journal::Position position) const {
    return !layouts_.empty() && std::ranges::all_of(layouts_, [&](const Layout& layout) {
        const auto lanes = static_cast<std::uint32_t>(layout.begins.size());
        return position < layout.begins[lane_of(client_id, lanes)][route];
    });
}

bool RouteHistory::is_before_of_side(
        const std::string& side, const std::string& route, journal::Position position) const {
    const auto start = starts_.start_of(side, lanes_, route);
    return start && position < *start;
}

journal::Position RouteHistory::begin_of(std::uint32_t route) const {
    journal::Position begin = journal::Position::beyond_all();
    for (const Layout& layout : layouts_) {
        for (const auto& begins : layout.begins) {
            begin = std::min(begin, begins[route]);
        }
    }
    return layouts_.empty() ? journal::Position() : begin;
}

}  // namespace foz::pipeline
