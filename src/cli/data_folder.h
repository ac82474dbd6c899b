// SPDX-License-Identifier: Apache-2.0
// What the commands that look into a data folder share: the configuration, the state database, the
// journal as it is read beside a running foz.
#pragma once

#include <memory>
#include <string>

#include "config/settings.h"
#include "journal/journal.h"
#include "state/state_database.h"

namespace foz::cli {

/// Of --config and --data; "" where the person gave none.
struct DataFolderArguments {
    std::string config;
    std::string data;
};

/// The configuration, or the defaults, with --data put in. Error: invalid; the lines of all errors.
[[nodiscard]] Result<config::Settings> settings_for(const DataFolderArguments& arguments);

/// Error: not_found when foz has never run there.
[[nodiscard]] Result<std::unique_ptr<state::StateDatabase>> open_state(
    const config::Settings& settings
);
[[nodiscard]] Result<std::unique_ptr<journal::Journal>> open_journal(
    const config::Settings& settings
);

/// "2024-02-29 23:59:59.000001Z"
[[nodiscard]] std::string utc_text(SystemTime time);

/// The position that a person wrote: a number, or a time (as ISO 8601, UTC if it has no offset),
/// which stands for the first record since. Error: invalid.
[[nodiscard]] Result<journal::Position> position_from(
    journal::Journal& journal, const std::string& text
);

}  // namespace foz::cli
