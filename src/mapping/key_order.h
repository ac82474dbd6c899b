// SPDX-License-Identifier: Apache-2.0
// The order in which the rows of one write go into a table with a key: neighbours in the key's
// index are then inserted one after another, and the database finds the index page at hand.
// Measured in PostgreSQL with a key (dh, device) and 1,000 devices: a third less work for each row.
#pragma once

#include <cstdint>
#include <vector>

#include "mapping/row_batch.h"
#include "mapping/table.h"

namespace foz::mapping {

/// Sorts `rows`, indices into `batch.rows()` that all go to `table`, by the first column of its
/// key. Rows that are alike there keep their order, so that of two with the same key the first one
/// stays the first.
void sort_by_key(const RowBatch& batch, const Table& table, std::vector<std::uint32_t>& rows);

}  // namespace foz::mapping
