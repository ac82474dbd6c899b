// SPDX-License-Identifier: Apache-2.0
// A prepared INSERT for each route. Must not outlive its connection. One thread.
//
// The hot path: a row costs no allocation.
#pragma once

#include <span>
#include <vector>

#include "mapping/mapping.h"
#include "mapping/row_batch.h"
#include "sink/sink.h"
#include "sink/sqlite/timestamp_text.h"
#include "state/sqlite_connection.h"

namespace foz::sink::sqlite {

class RowInserter {
  public:
    RowInserter(state::SqliteConnection& connection, const mapping::Mapping& mapping);

    /// Prepares the INSERTs of all routes again, or of those into `only`, with the columns that
    /// their tables have now.
    [[nodiscard]] SinkResult<void> prepare(const mapping::Table* only = nullptr);

    /// Inserts rows [first, last) of `batch`, in a transaction.
    [[nodiscard]] SinkResult<Written> insert(
        const mapping::RowBatch& batch, std::size_t first, std::size_t last
    );

  private:
    struct RouteInsert {
        const mapping::Table* table = nullptr;
        state::Statement insert;
        std::size_t columns = 0;  // of `insert`
    };

    [[nodiscard]] state::SqliteResult<void> bind(
        RouteInsert& route, std::span<const mapping::Value> cells
    );
    [[nodiscard]] state::SqliteResult<void> bind_timestamp(
        RouteInsert& route, std::size_t column, SystemTime time
    );

    state::SqliteConnection* connection_;
    std::vector<RouteInsert> routes_;
    // One for each column: a text must live until its row is inserted.
    std::vector<TimestampText> timestamps_;
};

}  // namespace foz::sink::sqlite
