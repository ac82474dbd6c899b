// SPDX-License-Identifier: Apache-2.0
#include "sink/left_lanes.h"

#include <algorithm>

#include "base/log.h"

namespace foz::sink {

bool is_left_lane(std::string_view cursor, const std::vector<config::Database>& configured) {
    const std::size_t slash = cursor.find('/');
    return slash != std::string_view::npos &&
           std::ranges::find(configured, cursor.substr(0, slash), &config::Database::name) ==
               configured.end();
}

void warn_of_left_lanes(
    const journal::Journal& journal, const std::vector<config::Database>& configured
) {
    const journal::Position end = journal.durable_end();
    for (const journal::NamedCursor& cursor : journal.cursors()) {
        if (!is_left_lane(cursor.name, configured)) {
            continue;
        }
        spdlog::warn(
            "database {} is configured no more, but the journal keeps all records from {} on for "
            "it, {} now, and will be full one day. Configure it again, or give them up: stop foz "
            "and run `foz journal forget {}`",
            cursor.name.substr(0, cursor.name.find('/')),
            cursor.position,
            end - std::min(end, cursor.position),
            cursor.name
        );
    }
}

}  // namespace foz::sink
