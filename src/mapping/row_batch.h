// SPDX-License-Identifier: Apache-2.0
// The rows of many messages, in journal order, on their way to one database. Filled by the mapping,
// written by a sink. One thread at a time. Reused: clear() keeps the memory, unless
// it was an unusually large batch.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/table.h"
#include "mapping/value.h"

namespace foz::mapping {

/// Where an item (a row, or a reading that could not become one) comes from: the position of its
/// message in the journal (journal::Position::number), and its number among the items of that
/// message, from 0, over all routes of the mapping.
struct Origin {
    std::uint64_t position = 0;
    std::uint32_t ordinal = 0;

    auto operator<=>(const Origin&) const = default;
};

struct Row {
    Origin origin;
    std::uint32_t route = 0;       // index into Mapping::routes()
    std::uint32_t first_cell = 0;  // index into the batch's cells
    std::uint32_t cell_count = 0;  // may be less than the table's columns: the others are null
};

/// A reading that the mapping could not turn into a row: it becomes a dead letter.
struct Rejection {
    Origin origin;
    std::uint32_t route = 0;
    std::string reason;  // for a person: what is wrong with which field
};

class RowBatch {
  public:
    /// Adds a row: first its cells with add_cell, then finish_row. drop_row forgets the cells added
    /// since.
    void add_cell(Value value) { cells_.push_back(value); }
    /// The cells added since the last finish_row or drop_row.
    [[nodiscard]] std::span<Value> open_cells() {
        return std::span(cells_).subspan(finished_cells_);
    }
    void finish_row(Origin origin, std::uint32_t route);
    void drop_row() { cells_.resize(finished_cells_); }
    void reject(Rejection rejection);

    /// How much there is, to go back to.
    struct Mark {
        std::size_t rows = 0;
        std::size_t cells = 0;
        std::size_t rejections = 0;
    };
    [[nodiscard]] Mark mark() const { return {rows_.size(), finished_cells_, rejections_.size()}; }
    /// Forgets what was added since; texts that were kept stay until clear().
    void return_to(const Mark& mark);

    /// Copies `text` into memory that lives until clear().
    [[nodiscard]] std::string_view keep(std::string_view text);

    [[nodiscard]] std::span<const Row> rows() const { return rows_; }
    [[nodiscard]] std::span<const Value> cells(const Row& row) const {
        return std::span(cells_).subspan(row.first_cell, row.cell_count);
    }
    [[nodiscard]] std::span<const Rejection> rejections() const { return rejections_; }
    [[nodiscard]] std::size_t size() const { return rows_.size() + rejections_.size(); }
    [[nodiscard]] bool empty() const { return size() == 0; }
    /// Bytes of memory that the content takes; the runner bounds a batch by it.
    [[nodiscard]] std::size_t memory_bytes() const;
    void clear();

  private:
    std::vector<Row> rows_;
    std::vector<Value> cells_;
    std::size_t finished_cells_ = 0;
    std::vector<Rejection> rejections_;
    std::size_t rejection_bytes_ = 0;
    // Kept text: blocks of fixed size, filled one after another; larger texts get a block of their
    // own.
    static constexpr std::size_t kBlockBytes = 256 << 10;
    std::vector<std::unique_ptr<char[]>> blocks_;
    std::size_t blocks_used_ = 0;
    std::size_t block_offset_ = kBlockBytes;
    std::vector<std::unique_ptr<char[]>> large_blocks_;
    std::size_t large_bytes_ = 0;
};

}  // namespace foz::mapping
