// SPDX-License-Identifier: Apache-2.0
// From which position on a lane maps a route. What the journal has from before a route existed is
// none of the readings that it received. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "journal/position.h"
#include "state/state_database.h"

namespace foz::state {

struct RouteOfTable {
    std::string route;  // its name
    std::string table;
};

struct MappingLane {
    std::string journal;
    std::string database;
    std::string lane;
    std::uint32_t lanes = 1;  // into how many the database's share is split
};

/// Notes that `lane` maps these routes from `position` on. What is noted already stays. The first
/// routes that are noted of a database count from the journal's beginning: foz had them, but did
/// not note it.
[[nodiscard]] Result<void> note_routes(StateDatabase& state, const MappingLane& lane,
        std::span<const RouteOfTable> routes, journal::Position position);

/// Of one database and journal.
class RouteStarts {
  public:
    [[nodiscard]] static Result<RouteStarts> load(
            StateDatabase& state, const std::string& journal, const std::string& database);

    /// From where on `lane` of `lanes` maps the route; nothing: it never has.
    [[nodiscard]] std::optional<journal::Position> start_of(
            std::string_view lane, std::uint32_t lanes, std::string_view route) const;
    /// The numbers of lanes that there have been, ascending.
    [[nodiscard]] std::vector<std::uint32_t> layouts() const;
    /// All routes that there have been, by name.
    [[nodiscard]] std::vector<RouteOfTable> routes() const;

  private:
    struct Line {
        std::uint32_t lanes;
        std::string lane;
        std::string route;
        std::string table;
        journal::Position position;
    };
    std::vector<Line> lines_;
};

}  // namespace foz::state
