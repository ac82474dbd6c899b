// SPDX-License-Identifier: Apache-2.0
// What sensors have done so far.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "sensor/latency_histogram.h"

namespace foz::sensor {

/// Counted by one thread, for the sensors that it runs.
struct Statistics {
    std::uint64_t connections = 0;     // accepted by the broker, first ones and later ones
    std::uint64_t reconnections = 0;   // of these, later ones
    std::uint64_t sent = 0;            // readings, each counted once
    std::uint64_t resent = 0;          // PUBLISH and PUBREL sent again
    std::uint64_t acknowledged = 0;    // by PUBACK, or by PUBCOMP at QoS 2
    std::uint64_t refused = 0;         // acknowledged with a reason code that is a failure
    std::uint64_t sessions_lost = 0;   // the broker did not know the session any more
    std::uint64_t unacknowledged = 0;  // at the end
    /// From when the PUBLISH was written, or from when the reading was due if it had to wait for
    /// the window, to when the acknowledgement was read.
    LatencyHistogram latency;
    std::optional<SteadyTime> first_publish;
    std::optional<SteadyTime> last_acknowledgement;  // QoS 0: last publish
    std::string last_error;                          // why a connection ended or did not come about

    void merge(const Statistics& other);
};

}  // namespace foz::sensor
