// SPDX-License-Identifier: Apache-2.0
#include "pipeline/stored_rows.h"

#include <algorithm>

namespace foz::pipeline {

StoredRows::StoredRows(
        const mapping::Mapping& mapping, const sink::Audit& audit, const RouteHistory& history)
    : mapping_(mapping), audit_(audit), history_(history), by_route_(mapping.routes().size()) {
    const auto routes = mapping.routes();
    for (const sink::LaneState& lane : audit.lanes) {
        for (const sink::LedgerLine& line : lane.ledger) {
            const auto found = std::ranges::find(routes, line.route, &mapping::RouteInfo::name);
            if (found == routes.end()) {
                by_former_[line.route] += line.stored;
            } else {
                by_route_[static_cast<std::size_t>(found - routes.begin())] += line.stored;
            }
        }
    }
}

TableTotals StoredRows::totals_of(std::size_t table) const {
    const mapping::Table& counted = *mapping_.tables()[table];
    const auto routes = mapping_.routes();
    TableTotals totals{.table = counted.name, .rows = audit_.rows[table]};
    for (std::size_t route = 0; route < routes.size(); ++route) {
        if (routes[route].table != &counted) {
            continue;
        }
        totals.stored += by_route_[route];
        for (const sink::ForeignTotal& one : audit_.foreign) {
            totals.foreign += one.route == routes[route].name ? one.stored : 0;
        }
    }
    for (const state::RouteOfTable& one : history_.routes()) {
        const auto former = by_former_.find(one.route);
        if (one.table == totals.table && former != by_former_.end()) {
            totals.former += former->second;
        }
    }
    return totals;
}

bool StoredRows::has_former_route(const std::string& table) const {
    return std::ranges::any_of(history_.routes(), [&](const state::RouteOfTable& one) {
        return one.table == table && by_former_.contains(one.route);
    });
}

}  // namespace foz::pipeline
