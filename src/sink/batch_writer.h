// SPDX-License-Identifier: Apache-2.0
// Writes one batch into a database: whole if the database takes it, else in parts, until the rows
// that it refuses stand alone. Those, and the mapping's rejections, become dead letters, saved
// before the commit that passes them. One thread: the lane's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "journal/journal.h"
#include "mapping/mapping.h"
#include "mapping/row_batch.h"
#include "sink/letter_writer.h"
#include "sink/sink.h"

namespace foz::sink {

class BatchWriter {
  public:
    /// Called after each transaction.
    using OnCommit = std::function<void(const Cursor&, const Written&, const Commit&)>;

    BatchWriter(Sink& sink, LetterWriter letters, std::size_t routes, OnCommit on_commit)
        : sink_(sink),
          letters_(std::move(letters)),
          routes_(routes),
          on_commit_(std::move(on_commit)) {}

    /// Writes the items of `batch` in [begin, end) and moves the database's cursor from `begin` to
    /// `end`. On an error the cursor is at the last commit reported; the same batch may be written
    /// again from there. Never fails with Failure::refused.
    [[nodiscard]] SinkResult<void> write(const mapping::RowBatch& batch, Cursor begin, Cursor end);

  private:
    /// A part of a batch: rows [first, last) and everything else up to `end`.
    struct Part {
        std::size_t first = 0;
        std::size_t last = 0;
        Cursor end;
    };
    [[nodiscard]] SinkResult<void> write_part(const mapping::RowBatch& batch, const Part& part);
    [[nodiscard]] SinkResult<void> bury(
        const mapping::RowBatch& batch, const mapping::Row& row, const SinkError& error
    );
    [[nodiscard]] SinkResult<void> bury_rejections(const mapping::RowBatch& batch, Cursor end);

    Sink& sink_;
    LetterWriter letters_;
    std::size_t routes_;
    OnCommit on_commit_;

    Cursor committed_;                      // the database's cursor
    Cursor buried_until_;                   // rejections before this are saved as dead letters
    std::vector<std::int64_t> condemned_;   // by route: rows after committed_ saved as dead letters
    std::vector<Cursor> known_rejections_;  // of the batch: dead letters of another lane
};

}  // namespace foz::sink
