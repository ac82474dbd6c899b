// SPDX-License-Identifier: Apache-2.0
#include "mapping/inferred_route.h"

namespace foz::mapping {

bool InferredRoute::add_rows(IncomingMessage& incoming, ItemWriter& items) {
    if (const Result<void>& json = incoming.json(); !json) {
        items.reject(json.error().message);
        return true;
    }
    const JsonDocument& document = incoming.document();
    if (selector.has_filter() && !selector.takes_any(document)) return false;
    selector.for_each(document, items, [&](const Reading& reading, auto label) {
        auto added = table->add_cells(incoming, reading, captures, items.batch());
        if (added) {
            items.finish_row();
        } else {
            items.reject(label() + added.error().message);
        }
    });
    return true;
}

}  // namespace foz::mapping
