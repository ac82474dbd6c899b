// SPDX-License-Identifier: Apache-2.0
#include "base/backoff.h"

#include <algorithm>

namespace foz {

std::chrono::milliseconds Backoff::next() {
    const std::chrono::milliseconds delay = std::min(delay_, delay_max_);
    delay_ = std::min(delay_ * 2, delay_max_);
    std::uniform_int_distribution<std::int64_t> jitter(delay.count() / 2, delay.count());
    return std::chrono::milliseconds(jitter(random_));
}

}  // namespace foz
