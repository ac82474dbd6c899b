// SPDX-License-Identifier: Apache-2.0
// A route without declared columns.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mapping/incoming_message.h"
#include "mapping/inferred_table.h"
#include "mapping/item_writer.h"

namespace foz::mapping {

/// One thread.
struct InferredRoute {
    InferredTable* table = nullptr;
    std::vector<std::uint32_t> captures;  // the column of each
    std::vector<std::string> rows;        // path to the readings

    /// Adds the rows of the message, or why there are none.
    void add_rows(IncomingMessage& incoming, ItemWriter& items) const;
};

}  // namespace foz::mapping
