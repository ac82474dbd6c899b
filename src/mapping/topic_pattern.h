// SPDX-License-Identifier: Apache-2.0
// The topic of a route: an MQTT topic filter in which a level may be a {name} that captures what
// stands there, and the last one a {name...} that captures the rest, which is empty where "#" would
// match the level above.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace foz::mapping {

/// Where in a topic a captured level, or the rest, stands.
struct CapturedLevel {
    std::uint16_t offset = 0;
    std::uint16_t size = 0;

    [[nodiscard]] std::string_view of(std::string_view topic) const {
        return topic.substr(offset, size);
    }
};

/// Immutable.
class TopicPattern {
  public:
    /// Error: invalid; `pattern` would not be a topic filter [MQTT-4.7], or a capture has no name,
    /// a name that is not of letters, digits, "_" and "-", or one that another has too.
    [[nodiscard]] static Result<TopicPattern> compile(std::string_view pattern);

    /// Names of the captures, in the order of their levels.
    [[nodiscard]] const std::vector<std::string>& captures() const { return captures_; }

    /// Whether a valid topic name matches; then what it captures is added to `captured`, one for
    /// each name.
    [[nodiscard]] bool match(std::string_view topic, std::vector<CapturedLevel>& captured) const;

  private:
    enum class LevelKind : std::uint8_t { literal, any, capture, rest, capture_rest };
    struct Level {
        LevelKind kind = LevelKind::literal;
        std::string text;
    };
    Result<void> add_level(std::string_view level);

    std::vector<Level> levels_;
    std::vector<std::string> captures_;
};

}  // namespace foz::mapping
