// SPDX-License-Identifier: Apache-2.0
// A fleet's summary, for a person and for a program.
#pragma once

#include <string>

#include "sensor/fleet.h"
#include "sensor/options.h"

namespace foz::sensor {

/// Several lines, each ended.
[[nodiscard]] std::string summary_text(const Summary& summary, const Options& options);

/// One JSON object in one line, ended. Keys: sensors, connections, reconnections, sent, resent,
/// acknowledged, refused, unacknowledged, sessions_lost, first_publish_s (on CLOCK_MONOTONIC),
/// duration_s, messages_per_s, latency_us (min, p50, p90, p99, p99_9, max; null when nothing was
/// acknowledged), cpu_user_s, cpu_system_s, cpu_ns_per_message, last_error. messages_per_s counts
/// acknowledged readings; at QoS 0, which has no acknowledgements, sent ones.
[[nodiscard]] std::string summary_json(const Summary& summary, const Options& options);

}  // namespace foz::sensor
