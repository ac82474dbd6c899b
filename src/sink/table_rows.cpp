// SPDX-License-Identifier: Apache-2.0
#include "sink/table_rows.h"

#include <algorithm>

#include "mapping/key_order.h"

namespace foz::sink {

TableRows::TableRows(const mapping::Mapping& mapping) : routes_(mapping.route_names()) {
    for (const auto& table : mapping.tables()) {
        tables_.push_back(table.get());
    }
    rows_.resize(tables_.size());
    for (const mapping::RouteInfo& route : mapping.routes()) {
        const auto table = std::ranges::find(tables_, route.table);
        table_of_route_.push_back(static_cast<std::uint32_t>(table - tables_.begin()));
    }
}

void TableRows::take(const mapping::RowBatch& batch, std::size_t first, std::size_t last) {
    batch_ = &batch;
    first_ = first;
    last_ = last;
    for (auto& rows : rows_) {
        rows.clear();
    }
    const auto rows = batch.rows();
    for (std::size_t i = first; i < last; ++i) {
        rows_[table_of_route_[rows[i].route]].push_back(static_cast<std::uint32_t>(i));
    }
    for (std::size_t table = 0; table < tables_.size(); ++table) {
        mapping::sort_by_key(batch, *tables_[table], rows_[table]);
    }
}

std::vector<RowGroup> TableRows::groups_of(std::size_t table) const {
    const auto& columns = tables_[table]->columns;
    std::vector<RowGroup> groups;
    std::vector<bool> left_out;
    for (const std::uint32_t row : rows_[table]) {
        const auto cells = batch_->cells(batch_->rows()[row]);
        left_out.assign(columns.size(), false);
        for (std::size_t i = 0; i < columns.size(); ++i) {
            left_out[i] = columns[i].has_default && (i >= cells.size() || cells[i].is_null());
        }
        // Where the last of a key counts, rows must stay in their order: a group is a run of them.
        const bool ordered = tables_[table]->replaces && !groups.empty();
        auto group = ordered ? groups.end() - 1 : groups.begin();
        group = std::ranges::find(group, groups.end(), left_out, &RowGroup::left_out);
        if (group == groups.end()) {
            group = groups.insert(groups.end(), {left_out, {}});
        }
        group->rows.push_back(row);
    }
    return groups;
}

bool TableRows::has_defaults(std::size_t table) const {
    return std::ranges::any_of(tables_[table]->columns, &mapping::Column::has_default);
}

Written TableRows::all_stored() const {
    Written written = none_written();
    for (const mapping::Row& row : batch_->rows().subspan(first_, last_ - first_)) {
        ++written.stored[row.route];
    }
    return written;
}

Written TableRows::none_written() const {
    const std::vector<std::uint64_t> zeros(routes_.size(), 0);
    return {zeros, zeros};
}

}  // namespace foz::sink
