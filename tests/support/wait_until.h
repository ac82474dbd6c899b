// SPDX-License-Identifier: Apache-2.0
// Waiting for a condition instead of sleeping: asks every few milliseconds until it holds or time
// is up.
#pragma once

#include <chrono>
#include <thread>

namespace foz::support {

/// True as soon as `condition()` is; false when it was not within `limit`.
template <class Condition>
[[nodiscard]] bool wait_until(
        Condition&& condition, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

}  // namespace foz::support
