// SPDX-License-Identifier: Apache-2.0
// What the topics under $SYS say, by Mosquitto's names, so that what watches a Mosquitto watches
// foz.
#pragma once

#include "broker/reactor_context.h"
#include "delivery/status_topic.h"

namespace foz::broker {

[[nodiscard]] std::vector<delivery::StatusTopic> status_topics(
        const ReactorContext& context, SteadyTime now);

}  // namespace foz::broker
