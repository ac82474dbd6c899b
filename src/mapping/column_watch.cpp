// SPDX-License-Identifier: Apache-2.0
#include "mapping/column_watch.h"

#include <iterator>

#include <fmt/format.h>

namespace foz::mapping {

void ColumnWatch::note_absent(std::uint32_t column, std::string_view name, std::string_view label,
        std::string_view hint) {
    columns_[column].said = true;
    remarks_.push_back(fmt::format("{} {}, which column {} takes; {}",
            readings_without_ == 1
                    ? "the reading has no"
                    : fmt::format("none of the last {} readings had", readings_without_),
            label, name, hint.empty() ? "is it misspelt?" : hint));
}

void ColumnWatch::note_unfit(std::uint32_t column, std::string_view name, std::string_view reason) {
    Counts& counts = columns_[column];
    if (++counts.unfit < counts.next_remark) return;
    constexpr std::uint64_t kRarer = 10;
    counts.next_remark *= kRarer;
    remarks_.push_back(
            fmt::format("column {} is NULL in {} row{} because of values that do not fit, as else "
                        "= \"null\" says; the last one: {}",
                    name, counts.unfit, counts.unfit == 1 ? "" : "s", reason));
}

void ColumnWatch::take_remarks(std::vector<std::string>& to) {
    std::move(remarks_.begin(), remarks_.end(), std::back_inserter(to));
    remarks_.clear();
}

}  // namespace foz::mapping
