// SPDX-License-Identifier: Apache-2.0
#include "mqtt/topic_aliases.h"

namespace foz::mqtt {

TopicAliases::Resolution TopicAliases::resolve(Publish& publish, std::uint16_t maximum) {
    if (publish.topic_alias == 0) {
        return Resolution::resolved;
    }
    if (publish.topic_alias > maximum) {
        return Resolution::over_maximum;
    }
    if (topics_.size() < publish.topic_alias) {
        const std::size_t before = topics_.capacity();
        topics_.resize(publish.topic_alias);
        bytes_ += (topics_.capacity() - before) * sizeof(std::string);
    }
    std::string& topic = topics_[publish.topic_alias - 1U];
    if (!publish.topic.empty()) {
        const std::size_t before = topic.capacity();
        topic.assign(publish.topic);
        bytes_ += topic.capacity() - before;
        return Resolution::resolved;
    }
    if (topic.empty()) {
        return Resolution::never_set;
    }
    publish.topic = topic;
    return Resolution::resolved;
}

}  // namespace foz::mqtt
