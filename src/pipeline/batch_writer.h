// SPDX-License-Identifier: Apache-2.0
// Writes one batch into a database: whole if the database takes it. Rows that the database names as
// refused are left out and the rest is written; if it does not say which, the batch is split until
// they stand alone. Those, and the mapping's rejections, become dead letters, saved all together
// just before the commit that passes them. One thread: the lane's.
//
// A letter stands for a row that is not stored. Letters beyond the last commit are forgotten before
// the rows are tried again: what was refused then may be stored now (its parent has come).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "journal/journal.h"
#include "mapping/mapping.h"
#include "mapping/row_batch.h"
#include "pipeline/dead_letter_writer.h"
#include "pipeline/fingerprints.h"
#include "pipeline/row_share.h"
#include "sink/sink.h"

namespace foz::pipeline {

class BatchWriter {
  public:
    /// Called after each transaction.
    using OnCommit =
            std::function<void(const sink::Cursor&, const sink::Written&, const sink::Commit&)>;

    /// Called when a limit of the server ended a write: from now on at most `rows` at a time, until
    /// some writes have succeeded.
    using OnTimeLimit = std::function<void(const sink::SinkError&, std::size_t rows)>;

    BatchWriter(sink::Sink& sink, DeadLetterWriter letters, std::size_t routes, OnCommit on_commit,
            OnTimeLimit on_time_limit)
        : sink_(sink),
          letters_(std::move(letters)),
          routes_(routes),
          on_commit_(std::move(on_commit)),
          on_time_limit_(std::move(on_time_limit)) {}

    /// From now on only these rows and rejections are written; the others count as done.
    void set_share(RowShare share) { share_ = std::move(share); }

    /// Writes the items of `batch` in [begin, end) and moves the database's cursor from `begin` to
    /// `end`. On an error the cursor is at the last commit reported; the same batch may be written
    /// again from there. Never fails with FailureKind::refused.
    /// `fingerprints` are those of the batch.
    [[nodiscard]] sink::SinkResult<void> write(const mapping::RowBatch& batch, sink::Cursor begin,
            sink::Cursor end, const Fingerprints& fingerprints);

  private:
    /// A part of a batch: rows [first, last) and everything else up to `end`.
    struct Part {
        std::size_t first = 0;
        std::size_t last = 0;
        sink::Cursor end;
    };
    /// A row that the database refuses.
    struct RefusedRow {
        DeadReading dead_reading;
        bool known = false;  // a dead letter of another lane
    };
    [[nodiscard]] sink::SinkResult<void> write_part(
            const mapping::RowBatch& batch, const Part& part);
    [[nodiscard]] sink::SinkResult<sink::Written> write_live(
            const mapping::RowBatch& batch, const Part& part, const sink::Commit& commit);
    [[nodiscard]] sink::SinkResult<std::size_t> next_size(
            const mapping::RowBatch& batch, const Part& part, const sink::SinkError& error);
    [[nodiscard]] sink::SinkResult<void> note_refused(
            const mapping::RowBatch& batch, std::size_t row, std::string code, std::string message);
    [[nodiscard]] sink::SinkResult<void> look_up_rejections(
            const mapping::RowBatch& batch, sink::Cursor end);
    [[nodiscard]] bool take_fewer_rows(const sink::SinkError& error);
    void take_more_rows();
    [[nodiscard]] sink::Commit commit_for(const mapping::RowBatch& batch, const Part& part);
    [[nodiscard]] sink::SinkResult<void> save_letters(
            const mapping::RowBatch& batch, const Part& part);
    [[nodiscard]] bool is_known_rejection(sink::Cursor origin) const;

    sink::Sink& sink_;
    const Fingerprints* fingerprints_ = nullptr;  // of the batch at hand
    DeadLetterWriter letters_;
    std::size_t routes_;
    OnCommit on_commit_;
    OnTimeLimit on_time_limit_;

    RowShare share_;
    std::optional<std::size_t> rows_max_;  // of one write, after one that took too long
    int successes_ = 0;                    // with that many

    sink::Cursor committed_;      // the database's cursor
    sink::Cursor letters_until_;  // letters may have been saved up to here
    sink::Cursor
            looked_up_until_;  // rejections before this are in known_rejections_, if they are known
    std::map<std::size_t, RefusedRow> refused_rows_;  // by row of the batch; those after committed_
    std::vector<sink::Cursor> known_rejections_;      // of the batch: dead letters of another lane
    std::vector<std::size_t> live_;  // the rows of the last part that were not refused
    mapping::RowBatch sieved_;  // they alone, when others stand between; its texts are the batch's
};

}  // namespace foz::pipeline
