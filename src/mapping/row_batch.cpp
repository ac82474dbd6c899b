// SPDX-License-Identifier: Apache-2.0
#include "mapping/row_batch.h"

#include <cstring>

namespace foz::mapping {

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
    std::size_t bytes = rows_.size() * sizeof(Row) + cells_.size() * sizeof(Value);
    bytes += blocks_used_ * kBlockBytes + large_bytes_;
    for (const Rejection& rejection : rejections_) {
        bytes += sizeof rejection + rejection.reason.size();
    }
    return bytes;
}

void RowBatch::clear() {
    rows_.clear();
    cells_.clear();
    finished_cells_ = 0;
    rejections_.clear();
    blocks_used_ = 0;
    block_offset_ = kBlockBytes;
    large_blocks_.clear();
    large_bytes_ = 0;
}

}  // namespace foz::mapping
