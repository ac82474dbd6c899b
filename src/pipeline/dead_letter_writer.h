// SPDX-License-Identifier: Apache-2.0
// Turns items that cannot be stored into dead letters and saves them. The batch has only their
// rows: the raw payload is read from the journal again. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "journal/journal.h"
#include "mapping/mapping.h"
#include "mapping/row_batch.h"
#include "sink/sink.h"
#include "state/dead_letters.h"

namespace foz::pipeline {

/// An item that cannot be stored, and why.
struct DeadReading {
    mapping::Origin origin;
    std::uint32_t route = 0;
    std::string reason;
    std::string code;
};

class DeadLetterWriter {
  public:
    /// `letter` has journal, database and lane; the rest is filled in for each letter. A lane that
    /// `repeats` what other lanes have done saves no second letter of a reading.
    DeadLetterWriter(journal::Readable& journal, state::StateDatabase& state, const Clock& clock,
            state::DeadLetter letter, std::vector<std::string> routes, bool repeats)
        : journal_(journal),
          state_(state),
          clock_(clock),
          blank_(std::move(letter)),
          routes_(std::move(routes)),
          repeats_(repeats) {}

    /// Whether another lane has a letter of it already, so that this one must save none.
    /// `dead_reading` is an item of `batch`.
    [[nodiscard]] sink::SinkResult<bool> is_known(
            const mapping::RowBatch& batch, const DeadReading& dead_reading);

    /// Saves a letter for each, and warns of them; those saved before are left alone. The
    /// dead_readings are items of `batch`, in the order of their origins. Errors are
    /// FailureKind::retry: nothing is dropped because the disk is full.
    [[nodiscard]] sink::SinkResult<void> save(
            const mapping::RowBatch& batch, std::span<const DeadReading> dead_readings);

    /// Removes the lane's letters at or after `cursor`, of readings that are to be tried again.
    [[nodiscard]] sink::SinkResult<void> forget_from(sink::Cursor cursor);

  private:
    [[nodiscard]] Result<state::DeadLetter> letter_for(
            const mapping::RowBatch& batch, const DeadReading& dead_reading);
    void warn_of(const state::DeadLetter& letter);
    [[nodiscard]] Result<journal::Record> record_at(journal::Position position);

    journal::Readable& journal_;
    state::StateDatabase& state_;
    const Clock& clock_;
    state::DeadLetter blank_;
    std::vector<std::string> routes_;
    bool repeats_;
    std::unique_ptr<journal::Reader> reader_;  // kept: dead letters often stand close together
    std::optional<journal::Record> record_;    // the last one that reader_ yielded
    LogThrottle throttle_{std::chrono::seconds(60)};
};

}  // namespace foz::pipeline
