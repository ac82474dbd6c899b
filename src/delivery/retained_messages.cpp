// SPDX-License-Identifier: Apache-2.0
#include "delivery/retained_messages.h"

#include <utility>

#include "mqtt/topic.h"

namespace foz::delivery {
namespace {

/// What a topic that the filter takes begins with.
std::string_view fixed_beginning(std::string_view filter) {
    const std::size_t wildcard = filter.find_first_of("+#");
    if (wildcard == std::string_view::npos) {
        return filter;
    }
    // "a/#" takes "a", too [MQTT-4.7.1-2].
    const bool takes_parent = filter[wildcard] == '#' && wildcard > 0;
    return filter.substr(0, takes_parent ? wildcard - 1 : wildcard);
}

std::uint64_t bytes_of(const std::string& topic, const StoredMessage& message) {
    constexpr std::uint64_t kOfTheMap = 96;
    return topic.capacity() + message.bytes() + kOfTheMap;
}

}  // namespace

bool RetainedMessages::apply(Pointer message) {
    const std::string_view topic = message->message().topic;
    const MutexLock lock(mutex_);
    auto place = by_topic_.find(topic);
    const std::uint64_t before =
            place == by_topic_.end() ? 0 : bytes_of(place->first, *place->second);
    if (message->message().payload.empty()) {
        if (place != by_topic_.end()) {
            by_topic_.erase(place);
            bytes_ -= before;
            ++version_;
        }
        return true;
    }
    if (place == by_topic_.end()) {
        place = by_topic_.emplace(std::string(topic), nullptr).first;
    }
    const std::uint64_t after = bytes_of(place->first, *message);
    bytes_ -= before;
    ++version_;
    if (bytes_ + after > bytes_max_) {
        // The old one is not what the topic has now.
        by_topic_.erase(place);
        return false;
    }
    bytes_ += after;
    place->second = std::move(message);
    return true;
}

std::vector<RetainedMessages::Pointer> RetainedMessages::match(std::string_view filter) const {
    std::vector<Pointer> matches;
    const std::string_view beginning = fixed_beginning(filter);
    const MutexLock lock(mutex_);
    if (beginning.size() == filter.size()) {
        if (const auto found = by_topic_.find(filter); found != by_topic_.end()) {
            matches.push_back(found->second);
        }
        return matches;
    }
    for (auto place = by_topic_.lower_bound(beginning);
            place != by_topic_.end() && place->first.starts_with(beginning); ++place) {
        if (mqtt::topic_matches(filter, place->first)) {
            matches.push_back(place->second);
        }
    }
    return matches;
}

std::uint64_t RetainedMessages::version() const {
    const MutexLock lock(mutex_);
    return version_;
}

std::vector<RetainedMessages::Place> RetainedMessages::places() const {
    const MutexLock lock(mutex_);
    std::vector<Place> places;
    places.reserve(by_topic_.size());
    for (const auto& [topic, message] : by_topic_) {
        places.push_back({.topic = topic, .position = message->position()});
    }
    return places;
}

std::size_t RetainedMessages::count() const {
    const MutexLock lock(mutex_);
    return by_topic_.size();
}

std::uint64_t RetainedMessages::bytes() const {
    const MutexLock lock(mutex_);
    return bytes_;
}

}  // namespace foz::delivery
