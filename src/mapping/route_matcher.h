// SPDX-License-Identifier: Apache-2.0
// Which routes take a topic. Devices publish to the same topics again and again: what matched is
// remembered for each topic, in a table of bounded size, so that a message costs one hash of its
// topic.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/topic_pattern.h"

namespace foz::mapping {

/// One thread.
class RouteMatcher {
  public:
    struct Match {
        std::uint32_t route = 0;          // number of the pattern, in the order of add()
        std::uint32_t first_capture = 0;  // index into Matches::captured
    };
    /// In the order of the routes. Valid until the next find().
    struct Matches {
        std::vector<Match> routes;
        std::vector<CapturedLevel> captured;
    };

    RouteMatcher();

    void add(TopicPattern pattern) { patterns_.push_back(std::move(pattern)); }

    [[nodiscard]] const Matches& find(std::string_view topic);

  private:
    // 8192 topics of up to 256 bytes, some 3 MiB when full. A new topic takes the place of the old
    // one.
    static constexpr std::size_t kSlots = 8192;
    static constexpr std::size_t kTopicBytesMax = 256;

    struct Slot {
        std::string topic;  // empty: unused, as no topic is
        Matches matches;
    };

    void match_all(std::string_view topic, Matches& matches) const;

    std::vector<TopicPattern> patterns_;
    std::vector<std::unique_ptr<Slot>> slots_;
    Matches unremembered_;
};

}  // namespace foz::mapping
