// SPDX-License-Identifier: Apache-2.0
// Messages that the other broker can never take: too large for it, a topic that it does not allow.
// They must not hold up those behind them, so they become dead letters in the state database, and
// the log names the topic and the limit. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "journal/journal.h"
#include "state/state_database.h"

namespace foz::bridge {

class Undeliverable {
  public:
    /// `log_name`, "bridge NAME", stands for the database in the letters.
    Undeliverable(std::string log_name, journal::Journal& journal, state::StateDatabase& state,
            const Clock& clock);

    /// `reason` says for a person why the message at `position` cannot be sent.
    void add(journal::Position position, std::string reason);

    /// Saves those that were added; false: that failed, it is logged, and the cursor must not pass
    /// them yet.
    [[nodiscard]] bool save();

  private:
    [[nodiscard]] bool not_saved(const Error& error);

    struct Entry {
        journal::Position position;
        std::string reason;
    };

    const std::string log_name_;
    journal::Journal& journal_;
    state::StateDatabase& state_;
    const Clock& clock_;
    const std::string journal_id_;
    std::vector<Entry> entries_;
    LogThrottle throttle_;
    LogThrottle failed_throttle_;
};

}  // namespace foz::bridge
