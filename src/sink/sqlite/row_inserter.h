// SPDX-License-Identifier: Apache-2.0
// A prepared INSERT for each route. Must not outlive its connection. One thread.
//
// The hot path: a row costs no allocation.
#pragma once

#include <map>
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

    /// Inserts rows [first, last) of `batch`, in a transaction. Failure::refused names all rows
    /// that are.
    [[nodiscard]] SinkResult<Written> insert(
        const mapping::RowBatch& batch, std::size_t first, std::size_t last
    );

  private:
    struct Insert {
        state::Statement statement;
        std::vector<std::uint32_t> cell_of;  // for each parameter: which cell of a row goes there
    };
    struct RouteInsert {
        const mapping::Table* table = nullptr;
        Insert whole;
        bool into_view = false;     // SQLite counts no changes of what its triggers do
        bool has_defaults = false;  // Column::has_default
        /// Without the columns that the database is to fill, by which ones those are.
        std::map<std::vector<bool>, Insert> partial;
    };

    [[nodiscard]] SinkResult<bool> insert_row(
        RouteInsert& route, std::span<const mapping::Value> cells
    );
    [[nodiscard]] state::SqliteResult<bool> is_view(const std::string& name);
    [[nodiscard]] state::SqliteResult<Insert> prepare_insert(
        const mapping::Table& table, const std::vector<bool>& left_out
    );
    /// The INSERT for such a row.
    [[nodiscard]] state::SqliteResult<Insert*> insert_for(
        RouteInsert& route, std::span<const mapping::Value> cells
    );
    [[nodiscard]] state::SqliteResult<void> bind(
        const mapping::Table& table, Insert& insert, std::span<const mapping::Value> cells
    );
    [[nodiscard]] state::SqliteResult<void> bind_timestamp(
        const mapping::Table& table,
        state::Statement& statement,
        int parameter,
        std::size_t column,
        SystemTime time
    );

    state::SqliteConnection* connection_;
    std::vector<RouteInsert> routes_;
    // One for each column: a text must live until its row is inserted.
    std::vector<TimestampText> timestamps_;
    std::vector<bool> left_out_;
};

}  // namespace foz::sink::sqlite
