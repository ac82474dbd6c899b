// SPDX-License-Identifier: Apache-2.0
// A data folder as admin/ sees it, beside a running foz or without one: the configuration, the
// state database, and the journal, which is read only. Opens both for itself, so that nothing here
// waits for a foz that runs, or holds it up. One thread.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "config/settings.h"
#include "journal/journal.h"
#include "state/state_database.h"

namespace foz::admin {

class DataFolder {
  public:
    /// Errors: not_found when foz has never run with this folder; those of the state database and
    /// of the journal.
    [[nodiscard]] static Result<DataFolder> open(config::Settings settings);

    [[nodiscard]] const config::Settings& settings() const { return settings_; }
    [[nodiscard]] state::StateDatabase& state() const { return *state_; }
    /// As it was when the folder was opened.
    [[nodiscard]] journal::Journal& journal() const { return *journal_; }
    [[nodiscard]] const std::string& journal_id() const { return journal_id_; }

  private:
    DataFolder(config::Settings settings, std::unique_ptr<state::StateDatabase> state,
            std::unique_ptr<journal::Journal> journal);

    config::Settings settings_;
    std::unique_ptr<state::StateDatabase> state_;
    std::unique_ptr<journal::Journal> journal_;
    std::string journal_id_;
};

/// Error: not_found when foz has never run with this folder.
[[nodiscard]] Result<std::unique_ptr<state::StateDatabase>> open_state(
        const config::Settings& settings);
/// As it is now; read only.
[[nodiscard]] Result<std::unique_ptr<journal::Journal>> open_journal(
        const config::Settings& settings);

/// The position that a person wrote: a number, or a time (as ISO 8601, UTC if it has no offset),
/// which stands for the first record since. Error: invalid.
[[nodiscard]] Result<journal::Position> position_from(
        journal::Journal& journal, const std::string& text);

/// "2024-02-29 23:59:59.000001Z"
[[nodiscard]] std::string utc_text(SystemTime time);

}  // namespace foz::admin
