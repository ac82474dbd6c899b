// SPDX-License-Identifier: Apache-2.0
// What a person may change about a journal that no foz uses at the moment. One thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "config/settings.h"
#include "journal/journal.h"
#include "state/journal_renewal.h"

namespace foz::admin {

struct ForgottenCursor {
    journal::NamedCursor cursor;
    std::uint64_t records = 0;  // from the cursor on
};
/// Gives up what waits for a database, or a table, that is no longer configured. Errors: invalid =
/// there is no such cursor, or it is in use; unavailable = a foz uses the journal.
[[nodiscard]] Result<ForgottenCursor> forget_cursor(
        const config::Settings& settings, const std::string& name);

/// Gives the journal an id of its own (pipeline/journal_renewal.h). Every lane begins at `from`, a
/// position or a time; "": where the slowest lane of its database has come to. Errors: invalid =
/// what `from` says; unavailable = a foz uses the journal.
[[nodiscard]] Result<state::Renewal> renew_journal_id(
        const config::Settings& settings, const std::string& from);

}  // namespace foz::admin
