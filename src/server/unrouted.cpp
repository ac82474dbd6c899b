// SPDX-License-Identifier: Apache-2.0
#include "server/unrouted.h"

#include <algorithm>

#include "base/printable.h"

namespace foz::server {

Unrouted::Unrouted(const config::Settings& settings, const Clock& clock) : clock_(clock) {
    for (const config::Route& route : settings.routes) {
        // A message that a `where` leaves out is left out on purpose.
        if (route.where || route.database != settings.databases.front().name) {
            routes_.push_back(*mapping::TopicPattern::compile(route.topic));
        }
    }
    for (const config::Bridge& bridge : settings.bridges) {
        bridges_.emplace_back(bridge.topics);
    }
}

bool Unrouted::is_taken_elsewhere(std::string_view topic) const {
    std::vector<mapping::CapturedLevel> captured;
    std::string renamed;
    return std::ranges::any_of(
                   routes_, [&](const auto& route) { return route.match(topic, captured); }) ||
           std::ranges::any_of(bridges_,
                   [&](const auto& bridge) { return bridge.outward(topic, renamed).has_value(); });
}

void Unrouted::note(const mqtt::Message& message) {
    if (is_taken_elsewhere(message.topic)) {
        return;
    }
    const MutexLock lock(mutex_);
    if (topics_.contains(message.topic)) {
        return;
    }
    if (topics_.size() < kTopicsMax) {
        topics_.emplace(message.topic);
        spdlog::warn(
                "no route takes the topic \"{}\" (from client \"{}\"): its messages are stored "
                "nowhere. Add a [[route]] for it{}; `foz verify` counts them",
                printable(message.topic), printable(message.client_id),
                message.topic.starts_with('$')
                        ? " (\"#\" and \"+\" leave out what begins with \"$\")"
                        : ", or one for \"#\"");
    } else if (const auto held_back = throttle_.pass(clock_.steady_now())) {
        spdlog::warn(
                "no route takes the topic \"{}\" either (from client \"{}\"; and {} messages since "
                "the last such warning)",
                printable(message.topic), printable(message.client_id), *held_back);
    }
}

}  // namespace foz::server
