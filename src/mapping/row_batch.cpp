// SPDX-License-Identifier: Apache-2.0
#include "mapping/row_batch.h"

#include <cstring>

namespace foz::mapping {

namespace {

constexpr std::size_t kCellsKept = 1 << 20;

std::size_t bytes_of(const Rejection& rejection) {
    return sizeof rejection + rejection.reason.size();
}

}  // namespace

void RowBatch::reject(Rejection rejection) {
    rejection_bytes_ += bytes_of(rejection);
    rejections_.push_back(std::move(rejection));
}

void RowBatch::return_to(const Mark& mark) {
    rows_.resize(mark.rows);
    cells_.resize(mark.cells);
    finished_cells_ = mark.cells;
    for (; rejections_.size() > mark.rejections; rejections_.pop_back()) {
        rejection_bytes_ -= bytes_of(rejections_.back());
    }
}

void RowBatch::finish_row(Origin origin, std::uint32_t route) {
    Row row;
    row.origin = origin;
    row.route = route;
    row.first_cell = static_cast<std::uint32_t>(finished_cells_);
    row.cell_count = static_cast<std::uint32_t>(cells_.size() - finished_cells_);
    rows_.push_back(row);
    finished_cells_ = cells_.size();
}

std::string_view RowBatch::keep(std::string_view text) {
    if (text.empty()) return {};
    if (text.size() > kBlockBytes / 4) {
        // A block of its own, so that the rest of a shared one is not wasted.
        large_blocks_.push_back(std::make_unique_for_overwrite<char[]>(text.size()));
        large_bytes_ += text.size();
        std::memcpy(large_blocks_.back().get(), text.data(), text.size());
        return {large_blocks_.back().get(), text.size()};
    }
    if (kBlockBytes - block_offset_ < text.size()) {
        if (blocks_used_ == blocks_.size()) {
            blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlockBytes));
        }
        ++blocks_used_;
        block_offset_ = 0;
    }
    char* to = blocks_[blocks_used_ - 1].get() + block_offset_;
    std::memcpy(to, text.data(), text.size());
    block_offset_ += text.size();
    return {to, text.size()};
}

std::size_t RowBatch::memory_bytes() const {
    return rows_.size() * sizeof(Row) + cells_.size() * sizeof(Value) + rejection_bytes_ +
           blocks_used_ * kBlockBytes + large_bytes_;
}

void RowBatch::clear() {
    return_to({});
    if (cells_.capacity() > kCellsKept) {
        std::vector<Value>().swap(cells_);
        std::vector<Row>().swap(rows_);
    }
    blocks_used_ = 0;
    block_offset_ = kBlockBytes;
    large_blocks_.clear();
    large_bytes_ = 0;
}

}  // namespace foz::mapping
