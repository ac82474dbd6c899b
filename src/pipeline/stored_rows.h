// SPDX-License-Identifier: Apache-2.0
// How many rows each table should have, as the ledger says, which knows routes and not tables: what
// all lanes of this journal stored, replays included, what routes that no longer exist did, and
// what other journals' routes of the same names did. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "mapping/mapping.h"
#include "pipeline/route_history.h"
#include "pipeline/verification.h"
#include "sink/sink.h"

namespace foz::pipeline {

class StoredRows {
  public:
    /// All must outlive it. The audit counted the rows of the mapping's tables, or of none.
    StoredRows(
            const mapping::Mapping& mapping, const sink::Audit& audit, const RouteHistory& history);

    /// Of table number `table`, whose rows were counted.
    [[nodiscard]] TableTotals totals_of(std::size_t table) const;
    /// Whether a route stored into the table that the configuration no longer has: then that one
    /// may have stored what came before.
    [[nodiscard]] bool has_former_route(const std::string& table) const;

  private:
    const mapping::Mapping& mapping_;
    const sink::Audit& audit_;
    const RouteHistory& history_;
    std::vector<std::uint64_t> by_route_;             // of the mapping
    std::map<std::string, std::uint64_t> by_former_;  // by route that no longer exists
};

}  // namespace foz::pipeline
