// SPDX-License-Identifier: Apache-2.0
#include "intake/read_flow.h"

#include <utility>

namespace foz::intake {

bool ReadFlow::takes(std::uint8_t qos) {
    if (state_ != State::skipping) {
        return true;
    }
    owed_ = owed_ || qos > 0;
    return false;
}

ReadFlow::Action ReadFlow::after_read(bool appended, bool durable, std::size_t kept_bytes) {
    if (state_ != State::reading) {
        return Action::none;
    }
    // A queue that is full for a moment is no reason for a bridge to stop.
    const bool goes_on = appended ? durable : reads_on_ && kept_bytes < kKeptBytesMax;
    if (goes_on) {
        return Action::none;
    }
    state_ = State::paused;
    return Action::pause;
}

ReadFlow::Action ReadFlow::at_full_journal(std::size_t kept_bytes) {
    if (!reads_on_ || state_ != State::paused) {
        return Action::none;
    }
    state_ = kept_bytes < kKeptBytesMax ? State::reading : State::skipping;
    return Action::resume;
}

ReadFlow::Action ReadFlow::when_durable() {
    if (state_ == State::stopped) {
        return Action::none;
    }
    const State before = std::exchange(state_, State::reading);
    if (std::exchange(owed_, false)) {
        return Action::reconnect;
    }
    return before == State::paused ? Action::resume : Action::none;
}

ReadFlow::Action ReadFlow::stop() {
    const State before = std::exchange(state_, State::stopped);
    return before == State::paused || before == State::stopped ? Action::none : Action::pause;
}

}  // namespace foz::intake
