// SPDX-License-Identifier: Apache-2.0
// What lanes have left in the journal whose database is configured no more: cursors that hold its
// records for ever. Dropping them could lose what a person wants to store later, under a database's
// new name for instance; so foz says that they are there, and `foz journal forget` gives them up.
#pragma once

#include <string_view>
#include <vector>

#include "config/settings.h"
#include "journal/journal.h"

namespace foz::sink {

/// Whether this is the cursor of a lane ("DATABASE/LANE"), and of none of these databases.
[[nodiscard]] bool is_left_lane(
    std::string_view cursor, const std::vector<config::Database>& configured
);

/// Says for each in the log how much waits for it and what can be done.
void warn_of_left_lanes(
    const journal::Journal& journal, const std::vector<config::Database>& configured
);

}  // namespace foz::sink
