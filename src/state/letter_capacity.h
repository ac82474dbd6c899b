// SPDX-License-Identifier: Apache-2.0
// How much dead letters may take, and what happens when it is reached: nothing is lost unless the
// owner has said so (limits.dead_letters_bytes, dead_letters_full, dead_letters_age).
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "state/state_database.h"

namespace foz::state {

/// What the state database takes on the disk, without pages that wait to be used again. Bytes.
[[nodiscard]] Result<std::uint64_t> used_bytes(StateDatabase& state);

/// Room for letters of so many bytes, within the limits that `state` was given. Error: no_space
/// = there is none, with key, limit and what to do; the letters are then not to be saved.
[[nodiscard]] Result<void> make_letter_capacity(StateDatabase& state, std::uint64_t bytes);

/// Looks after the limits now and then: gives up letters that have waited for longer than
/// dead_letters_age, and warns long before a limit is reached. One thread.
class LetterKeeper {
  public:
    /// `state` must outlive it.
    explicit LetterKeeper(StateDatabase& state) : state_(state) {}

    /// Cheap when it is not time yet.
    void check(SystemTime now, SteadyTime steady_now);

  private:
    [[nodiscard]] Result<void> check_age(SystemTime now);
    [[nodiscard]] Result<void> check_bytes();

    static constexpr std::chrono::minutes kInterval{1};
    static constexpr std::chrono::hours kWarnInterval{1};

    StateDatabase& state_;
    SteadyTime next_;
    SteadyTime steady_now_;
    LogThrottle age_throttle_{kWarnInterval};
    LogThrottle bytes_throttle_{kWarnInterval};
    LogThrottle error_throttle_{kWarnInterval};
};

}  // namespace foz::state
