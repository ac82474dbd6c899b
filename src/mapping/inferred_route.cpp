// SPDX-License-Identifier: Apache-2.0
#include "mapping/inferred_route.h"

namespace foz::mapping {

void InferredRoute::add_rows(IncomingMessage& incoming, ItemWriter& items) const {
    if (const Result<void>& json = incoming.json(); !json) {
        items.reject(json.error().message);
        return;
    }
    const JsonDocument& document = incoming.document();
    const auto readings = readings_at(document, rows);
    if (!readings) {
        items.reject(readings.error().message);
        return;
    }
    for_each_reading(document, *readings, [&](std::uint32_t reading, std::size_t number) {
        const InferredTable::Reading place = {reading, readings->container};
        auto added = table->add_cells(incoming, place, captures, items.batch());
        if (added) {
            items.finish_row();
        } else {
            items.reject(readings->label(number) + added.error().message);
        }
    });
}

}  // namespace foz::mapping
