// SPDX-License-Identifier: Apache-2.0
// The random names under which this data folder has moved the cursors that databases keep for it. A
// cursor that was moved under another name belongs to another data folder: a copy, or the original
// of this one. Any thread.
#pragma once

#include <string>

#include "base/error.h"
#include "state/state_database.h"

namespace foz::state {

/// A new name, remembered before it is returned. Of each lane the last thousand are remembered.
[[nodiscard]] Result<std::string> new_cursor_writer(
        StateDatabase& state, const std::string& database, const std::string& lane);

[[nodiscard]] Result<bool> is_cursor_writer(StateDatabase& state, const std::string& writer);

}  // namespace foz::state
