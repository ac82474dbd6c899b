// SPDX-License-Identifier: Apache-2.0
// The journal that a configuration asks for.
#pragma once

#include "config/settings.h"
#include "journal/local/local_journal.h"

namespace foz::server {

[[nodiscard]] journal::local::LocalJournalOptions journal_options(const config::Settings& settings);

}  // namespace foz::server
