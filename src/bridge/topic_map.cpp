// SPDX-License-Identifier: Apache-2.0
#include "bridge/topic_map.h"

#include <algorithm>

#include "mqtt/topic.h"

namespace foz::bridge {

TopicMap::TopicMap(const std::vector<config::BridgeTopic>& lines) {
    for (const config::BridgeTopic& line : lines) {
        if (line.direction != config::Direction::in) {
            out_.push_back({line.local_prefix + line.pattern, line.local_prefix, line.remote_prefix,
                line.qos});
        }
        if (line.direction != config::Direction::out) {
            in_.push_back({line.remote_prefix + line.pattern, line.remote_prefix, line.local_prefix,
                line.qos});
        }
    }
}

std::optional<MappedTopic> TopicMap::map(
        const std::vector<Line>& lines, std::string_view topic, std::string& buffer) {
    for (const Line& line : lines) {
        if (!mqtt::topic_matches(line.filter, topic)) {
            continue;
        }
        if (topic.starts_with(line.old_prefix)) {
            topic.remove_prefix(line.old_prefix.size());
        }
        if (!line.new_prefix.empty()) {
            buffer.assign(line.new_prefix).append(topic);
            topic = buffer;
        }
        return MappedTopic{.topic = topic, .qos = line.qos};
    }
    return std::nullopt;
}

std::optional<MappedTopic> TopicMap::outward(std::string_view topic, std::string& buffer) const {
    return map(out_, topic, buffer);
}

std::optional<MappedTopic> TopicMap::inward(std::string_view topic, std::string& buffer) const {
    return map(in_, topic, buffer);
}

std::vector<RemoteFilter> TopicMap::remote_filters() const {
    std::vector<RemoteFilter> filters;
    for (const Line& line : in_) {
        const auto same = std::ranges::find(filters, line.filter, &RemoteFilter::filter);
        if (same == filters.end()) {
            filters.push_back({.filter = line.filter, .qos = line.qos});
        } else {
            same->qos = std::max(same->qos, line.qos);
        }
    }
    return filters;
}

std::optional<std::uint8_t> TopicMap::qos_out() const {
    if (out_.empty()) {
        return std::nullopt;
    }
    return std::ranges::max(out_, {}, &Line::qos).qos;
}

}  // namespace foz::bridge
