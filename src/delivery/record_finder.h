// SPDX-License-Identifier: Apache-2.0
// Reads single records out of the journal, which is quick when they are asked for in their order.
// One thread.
#pragma once

#include <memory>
#include <optional>

#include "journal/journal.h"

namespace foz::delivery {

class RecordFinder {
  public:
    /// `journal` must outlive it.
    explicit RecordFinder(journal::Readable& journal) : journal_(journal) {}

    /// Valid until the next call. Nothing: the journal does not have it (any more). Errors: the
    /// journal cannot be read.
    [[nodiscard]] Result<std::optional<journal::Record>> at(journal::Position position);

  private:
    [[nodiscard]] Result<bool> seek(journal::Position position);

    journal::Readable& journal_;
    std::unique_ptr<journal::Reader> reader_;
};

}  // namespace foz::delivery
