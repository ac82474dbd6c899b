// SPDX-License-Identifier: Apache-2.0
#include "pipeline/journal_hold.h"

#include <algorithm>

namespace foz::pipeline {

std::optional<journal::Position> JournalHold::in_journal() const {
    const auto cursors = journal_.cursors();
    const auto found = std::ranges::find(cursors, cursor_, &journal::NamedCursor::name);
    return found != cursors.end() ? std::optional(found->position) : std::nullopt;
}

void JournalHold::start(journal::Position since) {
    if (!active_) {
        return;
    }
    known_ = in_journal();
    if (!known_) {
        journal_.set_cursor(cursor_, std::max(since, journal_.status().first));
    }
}

void JournalHold::move_forward(journal::Position position) {
    if (active_) {
        journal_.set_cursor(cursor_, position);
    }
}

void JournalHold::move_to(journal::Position position) {
    if (!active_) {
        return;
    }
    if (in_journal().value_or(position) > position) {
        journal_.remove_cursor(cursor_);
    }
    journal_.set_cursor(cursor_, position);
}

}  // namespace foz::pipeline
