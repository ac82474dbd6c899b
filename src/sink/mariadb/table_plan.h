// SPDX-License-Identifier: Apache-2.0
// How the rows of one table are written: into which columns, by which INSERT. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/table.h"
#include "sink/key_conflict.h"
#include "sink/mariadb/catalogue.h"
#include "sink/mariadb/column_arrays.h"
#include "sink/mariadb/connection.h"
#include "sink/mariadb/row_inserter.h"
#include "sink/table_rows.h"

namespace foz::sink::mariadb {

struct TablePlan {
    const mapping::Table* table = nullptr;
    CatalogueTable found;
    std::string shape;           // of the table, when `found` was read
    std::uint32_t version = 0;   // of the table, when the columns were chosen
    std::vector<bool> left_out;  // by column of the table, when the columns were chosen
    /// Of what the database has, one for each of the table's that is not left out.
    std::vector<const CatalogueColumn*> columns;
    std::vector<bool> in_key;            // the same
    std::vector<std::uint32_t> cell_of;  // the same: which cell of a row goes there
    InsertShape insert;
    std::span<const std::uint32_t> rows;  // of the write at hand: indices into its batch
    RowGroup group;       // what `rows` refers to, if they are not all of the table's
    ColumnArrays arrays;  // their cells

    /// Reads what the table is, after it was prepared. In a transaction, which then keeps others
    /// from changing it.
    [[nodiscard]] SinkResult<void> read(Connection& connection);

    /// Chooses the columns again if the mapping has changed the table, or if others are to be left
    /// out (RowGroup) than before. False: `found` lacks one.
    [[nodiscard]] bool make_current(const std::vector<bool>& now_left_out);

    /// `insert`, but a row whose key is there already changes nothing. When the stored row is
    /// another reading, it is added to the session's variable @foz_conflicts, as differences_in()
    /// takes it.
    [[nodiscard]] InsertShape insert_comparing_duplicates() const;

    /// `insert`, but a row whose key is there already takes the stored one's place. The session's
    /// variable @foz_replaced counts those.
    [[nodiscard]] InsertShape insert_replacing() const;
};

/// What insert_comparing_duplicates() has found out about one row.
[[nodiscard]] std::vector<Difference> differences_in(std::string_view conflict);

/// A statement whose Answer::shape changes when the table is replaced or altered.
[[nodiscard]] std::string shape_query(const mapping::Table& table);

/// Gives each of `plans`, which are in the order of the mapping's tables, its rows, and turns them
/// into arrays. Rows of a table that go into other columns than its first ones get a plan of their
/// own in `more`. FailureKind::schema: a table lacks columns; FailureKind::refused: a value does
/// not fit.
[[nodiscard]] SinkResult<void> take_rows(
        const TableRows& rows, std::span<TablePlan> plans, std::deque<TablePlan>& more);

}  // namespace foz::sink::mariadb
