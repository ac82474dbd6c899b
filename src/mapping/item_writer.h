// SPDX-License-Identifier: Apache-2.0
// Numbers the items of one message, rows and rejections, over all its routes, on their way into the
// batch.
#pragma once

#include <cstdint>
#include <string>

#include "mapping/row_batch.h"

namespace foz::mapping {

/// A message that holds an array of a hundred thousand bad readings must not become as many dead
/// letters, each with the whole payload. After this many, the other bad readings of a message and
/// route share one.
inline constexpr std::uint32_t kRejectionsMax = 100;

/// Rows times columns that a message may become for one route: a small message, "[1,1,...]", for a
/// wide table must not take all memory. What is larger becomes one dead letter as a whole.
inline constexpr std::size_t kMessageCellsMax = 2 << 20;

class ItemWriter {
  public:
    ItemWriter(RowBatch& batch, std::uint64_t position) : batch_(batch) {
        origin_.position = position;
    }

    void begin_route(std::uint32_t route);
    /// The cells that were added to the batch are a row.
    void finish_row() {
        batch_.finish_row(origin_, route_);
        ++origin_.ordinal;
        if (batch_.mark().cells - start_.cells > kMessageCellsMax) {
            give_up();
        }
    }
    /// Forgets the cells that were added, and rejects the reading.
    void reject(std::string reason);
    void end_route();

    [[nodiscard]] RowBatch& batch() { return batch_; }

  private:
    void give_up();

    RowBatch& batch_;
    Origin origin_;
    std::uint32_t route_ = 0;
    RowBatch::Mark start_;             // of this route, which begins with
    std::uint32_t first_ordinal_ = 0;  // this one
    bool too_large_ = false;           // what it would become
    std::uint32_t rejected_ = 0;       // of this route
    Rejection shared_;                 // stands for those after kRejectionsMax
};

}  // namespace foz::mapping
