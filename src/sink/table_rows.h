// SPDX-License-Identifier: Apache-2.0
// The rows of one write, sorted by the table that they go into: for the sinks that write table by
// table. Reused from write to write, with its memory. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mapping/mapping.h"
#include "sink/sink.h"

namespace foz::sink {

/// Rows of one table that go into the same columns.
struct RowGroup {
    /// By column of the table: whether the database is to fill it, because none of the rows has a
    /// value for it. Empty: no column is left out.
    std::vector<bool> left_out;
    std::vector<std::uint32_t> rows;  // indices into the batch's rows
};

class TableRows {
  public:
    TableRows() = default;
    /// Tables and routes have the numbers that they have in `mapping`.
    explicit TableRows(const mapping::Mapping& mapping);

    /// Takes rows [first, last) of `batch`, which must stay as it is while they are asked for.
    void take(const mapping::RowBatch& batch, std::size_t first, std::size_t last);

    [[nodiscard]] const mapping::RowBatch& batch() const { return *batch_; }
    /// Of a table: indices into the batch's rows, in the order of the table's key.
    [[nodiscard]] std::span<const std::uint32_t> of(std::size_t table) const {
        return rows_[table];
    }
    /// Whether the table has a Column::has_default: then rows may have to go in in groups.
    [[nodiscard]] bool has_defaults(std::size_t table) const;
    /// The same rows in groups, in the order of their first rows.
    [[nodiscard]] std::vector<RowGroup> groups_of(std::size_t table) const;
    [[nodiscard]] std::uint32_t route_of(std::uint32_t row) const {
        return batch_->rows()[row].route;
    }
    /// As SinkError::row counts.
    [[nodiscard]] std::size_t number_in_write(std::uint32_t row) const { return row - first_; }

    /// By route.
    [[nodiscard]] const std::vector<std::string>& routes() const { return routes_; }
    [[nodiscard]] Written all_stored() const;
    [[nodiscard]] Written none_written() const;

  private:
    const mapping::RowBatch* batch_ = nullptr;
    std::size_t first_ = 0;
    std::size_t last_ = 0;
    std::vector<const mapping::Table*> tables_;
    std::vector<std::vector<std::uint32_t>> rows_;  // by table
    std::vector<std::string> routes_;
    std::vector<std::uint32_t> table_of_route_;
};

}  // namespace foz::sink
