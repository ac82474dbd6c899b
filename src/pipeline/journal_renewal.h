// SPDX-License-Identifier: Apache-2.0
// Gives a journal another id, after cursor_owner.h has found two that have the same. What its lanes
// have not stored yet, as far as the journal knows, they store under the new id.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_system.h"
#include "journal/journal.h"
#include "journal/local/local_journal.h"
#include "state/journal_renewal.h"
#include "state/state_database.h"

namespace foz::pipeline {

/// Every lane begins at `from`, or where the slowest lane of its database has come to. The journal
/// must not be open. Errors: unavailable = a foz uses it; invalid = `from` is not in the journal;
/// those of the journal and of `state`.
[[nodiscard]] Result<state::Renewal> renew_journal(
        const journal::local::LocalJournalOptions& options, FileSystem& files, const Clock& clock,
        state::StateDatabase& state, std::optional<journal::Position> from);

}  // namespace foz::pipeline
