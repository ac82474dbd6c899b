// SPDX-License-Identifier: Apache-2.0
// Where the retained messages are, in state.db: topic and position. Their bytes are in the journal
// or set aside (set_aside.h). Any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "delivery/retained_messages.h"
#include "state/state_database.h"

namespace foz::delivery {

/// In the order of the topics.
[[nodiscard]] Result<std::vector<RetainedMessages::Place>> load_retained(
        state::StateDatabase& state, const std::string& journal_id);

/// Makes what state.db has, `before`, into `after`; both in the order of their topics.
[[nodiscard]] Result<void> save_retained(state::StateDatabase& state, const std::string& journal_id,
        std::span<const RetainedMessages::Place> before,
        std::span<const RetainedMessages::Place> after);

}  // namespace foz::delivery
