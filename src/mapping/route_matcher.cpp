// SPDX-License-Identifier: Apache-2.0
#include "mapping/route_matcher.h"

#include <functional>

namespace foz::mapping {

RouteMatcher::RouteMatcher() : slots_(kSlots) {}

const RouteMatcher::Matches& RouteMatcher::find(std::string_view topic) {
    if (topic.size() > kTopicBytesMax) {
        match_all(topic, unremembered_);
        return unremembered_;
    }
    auto& slot = slots_[std::hash<std::string_view>()(topic) % kSlots];
    if (!slot) {
        slot = std::make_unique<Slot>();
    }
    if (slot->topic != topic) {
        slot->topic = topic;
        match_all(topic, slot->matches);
    }
    return slot->matches;
}

void RouteMatcher::match_all(std::string_view topic, Matches& matches) const {
    matches.routes.clear();
    matches.captured.clear();
    for (std::uint32_t route = 0; route < patterns_.size(); ++route) {
        const auto first = static_cast<std::uint32_t>(matches.captured.size());
        if (patterns_[route].match(topic, matches.captured)) {
            matches.routes.push_back({route, first});
        }
    }
}

}  // namespace foz::mapping
