// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

namespace foz {
namespace {

class RealClock final : public Clock {
  public:
    [[nodiscard]] SystemTime system_now() const override {
        return std::chrono::time_point_cast<Microseconds>(std::chrono::system_clock::now());
    }
    [[nodiscard]] SteadyTime steady_now() const override {
        return std::chrono::steady_clock::now();
    }
};

}  // namespace

const Clock& real_clock() {
    static const RealClock clock;
    return clock;
}

}  // namespace foz
