// SPDX-License-Identifier: Apache-2.0
// A journal that has got another id (journal/local/new_journal_id.h) takes along what this database
// keeps for it. In two steps, because the id is in a file: begin_renewal() notes what is to be
// done, then the file is written, then finish_renewal() moves everything; whoever starts next does
// that again, in case of a crash between the two. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "journal/position.h"
#include "state/state_database.h"

namespace foz::state {

struct RenewedDatabase {
    std::string name;
    journal::Position since;  // under the new id its lanes begin here
};

struct Renewal {
    std::string before;  // ids
    std::string after;
    std::vector<RenewedDatabase> databases;
};

[[nodiscard]] Result<void> begin_renewal(StateDatabase& state, const Renewal& renewal);

/// Moves to `journal` what belongs to the id that it had before. Nothing, when it never had
/// another, or when all was moved before.
[[nodiscard]] Result<void> finish_renewal(StateDatabase& state, const std::string& journal);

/// What a database has to do with records from before the journal had this id.
struct BeforeRenewal {
    journal::Position since;
    struct Letters {
        std::string route;
        std::int64_t count = 0;
    };
    std::vector<Letters> letters;  // dead letters that are in the ledger of the id before
};

/// nullopt: the journal has had one id only.
[[nodiscard]] Result<std::optional<BeforeRenewal>> load_renewal(
        StateDatabase& state, const std::string& journal, const std::string& database);

}  // namespace foz::state
