// SPDX-License-Identifier: Apache-2.0
// How the rows of one table are written: into which columns, in which order. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/table.h"
#include "sink/postgres/catalogue.h"
#include "sink/postgres/copy_encoder.h"
#include "sink/table_rows.h"

namespace foz::sink::postgres {

struct TablePlan {
    const mapping::Table* table = nullptr;
    CatalogueTable found;                 // when it was prepared
    std::vector<TargetColumn> columns;    // one for each of the table's, in that order
    std::string column_list;              // those that are not left out, as SQL
    std::size_t fields = 0;               // how many those are
    bool needs_text = false;              // TargetColumn::needs_text() of one of those
    std::uint32_t version = 0;            // of the table, when `columns` was made
    std::span<const std::uint32_t> rows;  // of the write at hand: indices into its batch
    RowGroup group;  // what `rows` refers to, if they are not all of the table's

    /// After the table was prepared anew.
    void prepared_as(CatalogueTable now);

    /// Chooses the columns again if the mapping has changed the table. False: `found` lacks one.
    [[nodiscard]] bool make_current();

    /// For the rows of `group_at_hand` only, whose columns it leaves out.
    void restrict_to(RowGroup group_at_hand);

    void list_columns();

    /// As an error context names it.
    [[nodiscard]] std::string_view name_without_schema() const {
        const std::string_view name = table->name;
        return name.substr(name.find('.') + 1);
    }
};

/// Gives each of `plans`, which are in the order of the mapping's tables, its rows, and brings
/// those that have some up to date. Rows of a table that go into other columns than its first ones
/// get a plan of their own in `more`. FailureKind::schema: a table lacks columns.
[[nodiscard]] SinkResult<void> take_rows(
        const TableRows& rows, std::span<TablePlan> plans, std::deque<TablePlan>& more);

}  // namespace foz::sink::postgres
