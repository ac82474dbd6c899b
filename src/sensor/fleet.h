// SPDX-License-Identifier: Apache-2.0
// All sensors of one `foz sensor`: starts the event loops, each on a thread of its own, and sums up
// what they did.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "base/error.h"
#include "sensor/options.h"
#include "sensor/sensor_loop.h"
#include "sensor/statistics.h"
#include "tls/client_context.h"

namespace foz::sensor {

/// How far all sensors are.
struct FleetProgress {
    std::uint64_t sent = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t reconnections = 0;
    std::uint32_t connected = 0;
    bool finished = false;
};

struct Summary {
    Statistics statistics;
    std::chrono::nanoseconds duration{0};  // from the first publish to the last acknowledgement
    std::chrono::nanoseconds cpu_user{0};  // of this process, while the sensors ran
    std::chrono::nanoseconds cpu_system{0};
};

/// One thread owns it; that thread may call everything at any time.
class Fleet {
  public:
    explicit Fleet(Options options);
    /// Ends the sensors at once if they still run.
    ~Fleet();
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;

    /// Resolves the broker's host and starts the threads; from then on the sensors connect and
    /// publish by themselves. Signals should be blocked before, as the threads inherit the mask.
    [[nodiscard]] Result<void> start();

    /// No more readings; the fleet is finished once all are acknowledged or Options::drain is over.
    void stop();
    /// Finished at once.
    void abandon();

    [[nodiscard]] FleetProgress progress() const;

    /// Waits until the fleet is finished. Call once.
    [[nodiscard]] Summary wait();

  private:
    void wake_all();

    Options options_;
    std::shared_ptr<const tls::ClientContext> tls_;  // of broker_
    WireEnd broker_;
    FleetSignals signals_;
    std::vector<std::unique_ptr<SensorLoop>> loops_;
    std::vector<std::thread> threads_;
    std::chrono::nanoseconds cpu_user_at_start_{0};
    std::chrono::nanoseconds cpu_system_at_start_{0};
};

}  // namespace foz::sensor
