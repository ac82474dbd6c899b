// SPDX-License-Identifier: Apache-2.0
#include "sensor/statistics.h"

#include <algorithm>

namespace foz::sensor {

void Statistics::merge(const Statistics& other) {
    connections += other.connections;
    reconnections += other.reconnections;
    sent += other.sent;
    resent += other.resent;
    acknowledged += other.acknowledged;
    refused += other.refused;
    sessions_lost += other.sessions_lost;
    unacknowledged += other.unacknowledged;
    latency.merge(other.latency);
    if (other.first_publish) {
        first_publish =
                std::min(first_publish.value_or(*other.first_publish), *other.first_publish);
    }
    if (other.last_acknowledgement) {
        last_acknowledgement = std::max(last_acknowledgement.value_or(*other.last_acknowledgement),
                *other.last_acknowledgement);
    }
    if (!other.last_error.empty()) {
        last_error = other.last_error;
    }
}

}  // namespace foz::sensor
