// SPDX-License-Identifier: Apache-2.0
// A route without declared columns.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mapping/incoming_message.h"
#include "mapping/inferred_table.h"
#include "mapping/item_writer.h"
#include "mapping/reading_selector.h"

namespace foz::mapping {

/// One thread.
struct InferredRoute {
    InferredTable* table = nullptr;
    std::vector<std::uint32_t> captures;  // the column of each
    ReadingSelector selector;

    /// Adds the rows of the message, or why there are none. False: it is none of this route's.
    [[nodiscard]] bool add_rows(IncomingMessage& incoming, ItemWriter& items);

    /// An empty payload is no reading of it.
    [[nodiscard]] static bool reads_payload() { return true; }

    /// Appends what a person should know of the readings since the last call.
    void take_remarks(std::vector<std::string>& to) {
        if (auto remark = selector.take_remark()) to.push_back(std::move(*remark));
    }
};

}  // namespace foz::mapping
