// SPDX-License-Identifier: Apache-2.0
// A lane's cursor in the journal: retention keeps the records from there on. It follows the cursor
// in the database, which is the one that counts, and says after a restart how far the lane had come
// at least. One thread at a time.
#pragma once

#include <optional>
#include <string>

#include "journal/journal.h"

namespace foz::pipeline {

class JournalHold {
  public:
    /// `active` false: holds nothing, and everything below does nothing.
    JournalHold(journal::Journal& journal, std::string cursor, bool active)
        : journal_(journal), cursor_(std::move(cursor)), active_(active) {}

    /// From now on retention keeps what the lane has not seen, even while its database is down: if
    /// the journal does not know the cursor, it is set to `since` or the oldest record.
    void start(journal::Position since);

    /// The cursor as start() found it.
    [[nodiscard]] std::optional<journal::Position> known() const { return known_; }

    void move_forward(journal::Position position);

    /// Also back: a database restored from a backup takes its lane back, and retention has to wait
    /// for it again.
    void move_to(journal::Position position);

  private:
    [[nodiscard]] std::optional<journal::Position> in_journal() const;

    journal::Journal& journal_;
    const std::string cursor_;  // its name: "DATABASE/LANE"
    const bool active_;
    std::optional<journal::Position> known_;
};

}  // namespace foz::pipeline
