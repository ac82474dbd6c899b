// SPDX-License-Identifier: Apache-2.0
// The topic lines of a bridge, `PATTERN DIRECTION QOS LOCAL_PREFIX REMOTE_PREFIX`, with the meaning
// that they have in mosquitto.conf(5):
//
//   out: what matches LOCAL_PREFIX + PATTERN here goes out; its topic loses LOCAL_PREFIX and gets
//        REMOTE_PREFIX.
//   in:  foz subscribes to REMOTE_PREFIX + PATTERN there; what comes loses REMOTE_PREFIX and gets
//        LOCAL_PREFIX.
//
// A topic that matches without beginning with the prefix ("a" matches "a/#") only gets the other
// one. Where several lines match, the first one counts. Pure; const methods on any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace foz::bridge {

/// What goes out under which name, and at which QoS at most.
struct MappedTopic {
    std::string_view topic;
    std::uint8_t qos = 0;
};

struct RemoteFilter {
    std::string filter;
    std::uint8_t qos = 0;
};

class TopicMap {
  public:
    explicit TopicMap(const std::vector<config::BridgeTopic>& lines);

    /// The name that a message of this bridge's own broker has there; nothing when no line takes it
    /// out. The view is into `topic` or `buffer`.
    [[nodiscard]] std::optional<MappedTopic> outward(
            std::string_view topic, std::string& buffer) const;

    /// The same for a message from there.
    [[nodiscard]] std::optional<MappedTopic> inward(
            std::string_view topic, std::string& buffer) const;

    /// What to subscribe to there; each filter once, at the highest QoS that a line gives it.
    [[nodiscard]] std::vector<RemoteFilter> remote_filters() const;

    /// The highest QoS of a line that goes out; nothing when none does.
    [[nodiscard]] std::optional<std::uint8_t> qos_out() const;

  private:
    struct Line {
        std::string filter;      // of the topics to be renamed
        std::string old_prefix;  // of them
        std::string new_prefix;
        std::uint8_t qos = 0;
    };

    [[nodiscard]] static std::optional<MappedTopic> map(
            const std::vector<Line>& lines, std::string_view topic, std::string& buffer);

    std::vector<Line> out_;
    std::vector<Line> in_;
};

}  // namespace foz::bridge
