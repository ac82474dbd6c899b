// SPDX-License-Identifier: Apache-2.0
#include "sink/misfits.h"

#include <algorithm>

namespace foz::sink {

bool any_misfit(const Connected& connected) {
    return std::ranges::any_of(
            connected.tables, [](const PreparedTable& table) { return table.misfit.has_value(); });
}

std::optional<SinkError> all_misfits(const Connected& connected) {
    std::optional<SinkError> all;
    for (const PreparedTable& table : connected.tables) {
        if (!table.misfit) {
            continue;
        }
        if (!all) {
            all = table.misfit;
        } else if (!all->message.contains(table.misfit->message)) {
            all->message += "; " + table.misfit->message;
        }
    }
    return all;
}

SinkResult<Connected> unless_none_fits(Connected connected, const mapping::Mapping& mapping) {
    const auto tables = mapping.tables();
    for (std::size_t i = 0; i < tables.size(); ++i) {
        if (tables[i]->elsewhere || !connected.tables[i].misfit) {
            return connected;
        }
    }
    if (auto error = all_misfits(connected)) {
        return std::unexpected(std::move(*error));
    }
    return connected;
}

}  // namespace foz::sink
