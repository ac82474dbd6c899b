// SPDX-License-Identifier: Apache-2.0
// Reads the journal's records for one lane and maps them into batches. Owned by the lane's runner.
// One thread at a time: the lane's, or the one that maps the next batch while the lane's writes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "journal/journal.h"
#include "mapping/mapping.h"
#include "mapping/row_batch.h"
#include "mqtt/message.h"
#include "pipeline/cursor_position.h"
#include "pipeline/fingerprints.h"
#include "sink/sink.h"

namespace foz::pipeline {

/// All items of the records [begin, end): what one transaction writes.
struct MappedBatch {
    mapping::RowBatch items;
    sink::Cursor begin;     // its first message may have been written in part before
    journal::Position end;  // of the next record to be mapped
    std::size_t payload_bytes = 0;
    SteadyTime started;  // when its first item was mapped
    Fingerprints fingerprints;

    /// `before`: the fingerprint of the record before the cursor; 0: not known.
    void restart_at(sink::Cursor cursor, std::uint64_t before) {
        items.clear();
        end = position_of(cursor);
        fingerprints.restart_at(end, before);
        begin = cursor;
        payload_bytes = 0;
    }
};

struct FillLimits {
    std::uint32_t lane_index = 0;
    std::uint32_t lanes = 1;
    std::optional<journal::Position> until;  // maps no record from here on
    /// The same for now: it is raised meanwhile. None: nullptr.
    const std::atomic<journal::Position>* cap = nullptr;
    std::uint32_t rows_max = 20'000;
    std::size_t payload_bytes_max = 16 << 20;
    std::size_t memory_bytes_max = 32 << 20;  // of the rows
};

/// A message of the lane that no route of its database takes.
using NoteUnrouted = std::function<void(const mqtt::Message&)>;

class BatchFiller {
  public:
    /// What is passed by reference must outlive it; `note_unrouted` may be empty.
    BatchFiller(journal::Readable& journal, mapping::Mapping& mapping, const Clock& clock,
            const FillLimits& limits, NoteUnrouted note_unrouted)
        : journal_(journal),
          mapping_(mapping),
          clock_(clock),
          limits_(limits),
          note_unrouted_(std::move(note_unrouted)) {}

    /// Goes on at `position`. Errors: those of Journal::read_from.
    [[nodiscard]] Result<void> open(journal::Position position);
    [[nodiscard]] bool is_open() const { return reader_ != nullptr; }

    [[nodiscard]] bool is_full(const MappedBatch& batch) const;

    /// Maps the next record, which must be the one at `batch.end`. False: there is none yet. An
    /// error, of the journal or of a record that cannot be understood, comes again with the next
    /// call, until the record can be read: none is left out.
    [[nodiscard]] Result<bool> take_next(MappedBatch& batch);

    /// Maps what there is, without waiting, until the batch is full.
    [[nodiscard]] Result<void> take_all(MappedBatch& batch);

  private:
    [[nodiscard]] Result<void> take_message(const journal::Record& record, MappedBatch& batch);
    void say_remarks();

    journal::Readable& journal_;
    mapping::Mapping& mapping_;
    const Clock& clock_;
    const FillLimits limits_;
    const NoteUnrouted note_unrouted_;
    std::unique_ptr<journal::Reader> reader_;
};

}  // namespace foz::pipeline
