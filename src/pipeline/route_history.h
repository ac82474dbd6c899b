// SPDX-License-Identifier: Apache-2.0
// Since when the lanes of a database, the present ones and those before the number of lanes
// changed, have mapped each route: what came before was not received for it. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "journal/journal.h"
#include "mapping/mapping.h"
#include "sink/sink.h"
#include "state/route_starts.h"
#include "state/state_database.h"

namespace foz::pipeline {

class RouteHistory {
  public:
    /// Of a database that nothing was noted of: all routes were there from the start.
    RouteHistory() = default;

    /// `routes` are the present ones, `cursors` those of the present main lanes. A route that foz
    /// has not run with yet begins where its lane goes on.
    [[nodiscard]] static Result<RouteHistory> load(state::StateDatabase& state,
            const std::string& journal, const std::string& database,
            std::span<const mapping::RouteInfo> routes, std::span<const sink::Cursor> cursors);

    /// Whether no main lane that has ever had to do with the client mapped the route then.
    /// `route`: its number.
    [[nodiscard]] bool is_before(
            std::string_view client_id, std::uint32_t route, journal::Position position) const;
    /// The same of a present side lane.
    [[nodiscard]] bool is_before_of_side(
            const std::string& side, const std::string& route, journal::Position position) const;
    /// Of the main lane that has had it for longest.
    [[nodiscard]] journal::Position begin_of(std::uint32_t route) const;

    /// All routes that there have been.
    [[nodiscard]] std::vector<state::RouteOfTable> routes() const { return starts_.routes(); }

  private:
    struct Layout {
        std::vector<std::vector<journal::Position>> begins;  // by lane, then by route
    };

    state::RouteStarts starts_;
    std::uint32_t lanes_ = 1;  // the present ones
    std::vector<Layout> layouts_;
};

}  // namespace foz::pipeline
