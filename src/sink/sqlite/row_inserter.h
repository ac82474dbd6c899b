// SPDX-License-Identifier: Apache-2.0
// A prepared INSERT for each route. Must not outlive its connection. One thread.
//
// The hot path: a row costs no allocation.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "mapping/mapping.h"
#include "mapping/row_batch.h"
#include "sink/key_conflict.h"
#include "sink/sink.h"
#include "sink/sqlite/affinity.h"
#include "sink/sqlite/timestamp_text.h"
#include "state/sqlite_connection.h"

namespace foz::sink::sqlite {

class RowInserter {
  public:
    RowInserter(state::SqliteConnection& connection, const mapping::Mapping& mapping,
            const LaneName& lane);

    /// Prepares the INSERTs of the routes into `table` again, with the columns that it has now.
    /// Before that, none of its rows may come.
    [[nodiscard]] SinkResult<void> prepare(const mapping::Table& table);

    /// Inserts rows [first, last) of `batch`, in a transaction. FailureKind::refused names all rows
    /// that are.
    [[nodiscard]] SinkResult<Written> insert(
            const mapping::RowBatch& batch, std::size_t first, std::size_t last);

  private:
    /// A prepared statement, and for each parameter which cell of a row goes there.
    struct RowStatement {
        state::Statement statement;
        std::vector<std::uint32_t> cell_of;
    };
    struct RouteInsert {
        const mapping::Table* table = nullptr;
        RowStatement whole;
        bool into_view = false;     // SQLite counts no changes of what its triggers do
        bool has_defaults = false;  // Column::has_default
        /// Without the columns that the database is to fill, by which ones those are.
        std::map<std::vector<bool>, RowStatement> partial;
        bool replaces = false;  // sink/key_conflict.h
        /// By the columns that are left out: the statement that puts a row in the stored one's
        /// place.
        std::map<std::vector<bool>, RowStatement> replacing;
        /// Yields for each compared column whether the stored row with the key of the same
        /// parameters differs, and its value; nothing when there is none. Prepared when needed.
        std::optional<RowStatement> compare;
        std::vector<std::size_t> compared;  // columns
        std::vector<Affinity> affinities;   // by column; none where values may be rounded
    };
    /// What has become of a row.
    enum class Fate : std::uint8_t { stored, same_is_there, other_is_there, kept_out };

    [[nodiscard]] SinkResult<Fate> insert_row(
            RouteInsert& route, std::span<const mapping::Value> cells);
    [[nodiscard]] SinkResult<void> read_affinities(RouteInsert& route);
    [[nodiscard]] state::SqliteResult<bool> is_view(const std::string& name);
    [[nodiscard]] state::SqliteResult<RowStatement> prepare_insert(
            const mapping::Table& table, const std::vector<bool>& left_out, bool replacing);
    /// Puts the row in the place of the one that has its key.
    [[nodiscard]] state::SqliteResult<Fate> replace(
            RouteInsert& route, std::span<const mapping::Value> cells);
    /// Which of the row's columns the database is to fill.
    [[nodiscard]] const std::vector<bool>& columns_left_out(
            const RouteInsert& route, std::span<const mapping::Value> cells);
    /// The INSERT for such a row.
    [[nodiscard]] state::SqliteResult<RowStatement*> insert_for(
            RouteInsert& route, std::span<const mapping::Value> cells);
    [[nodiscard]] state::SqliteResult<void> bind(
            const RouteInsert& route, RowStatement& to, std::span<const mapping::Value> cells);
    [[nodiscard]] state::SqliteResult<void> bind_timestamp(const mapping::Table& table,
            state::Statement& statement, int parameter, std::size_t column, SystemTime time);
    /// Also sets `compared`.
    [[nodiscard]] state::SqliteResult<RowStatement> prepare_compare(RouteInsert& route);
    /// What the row's key has stored, and in `differences_` how it is another reading.
    [[nodiscard]] state::SqliteResult<Fate> compare(
            RouteInsert& route, std::span<const mapping::Value> cells);

    state::SqliteConnection* connection_;
    std::vector<RouteInsert> routes_;
    // One for each column: a text must live until its row is inserted.
    std::vector<TimestampText> timestamps_;
    std::vector<bool> left_out_;           // of the row at hand
    std::vector<Difference> differences_;  // of the row at hand
};

}  // namespace foz::sink::sqlite
