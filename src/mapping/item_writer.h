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
    }
    /// Forgets the cells that were added, and rejects the reading.
    void reject(std::string reason);
    void end_route();

    [[nodiscard]] RowBatch& batch() { return batch_; }

  private:
    RowBatch& batch_;
    Origin origin_;
    std::uint32_t route_ = 0;
    std::uint32_t rejected_ = 0;  // of this route
    Rejection shared_;            // stands for those after kRejectionsMax
};

}  // namespace foz::mapping
