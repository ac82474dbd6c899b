// SPDX-License-Identifier: Apache-2.0
// Topic names and topic filters [MQTT-4.7]. Pure; any thread. UTF-8 is not looked at here: utf8.h.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace foz::mqtt {

/// 1 to 65,535 bytes, no wildcard, no U+0000.
[[nodiscard]] bool is_valid_topic_name(std::string_view name);

/// 1 to 65,535 bytes, no U+0000, "+" alone in its level, "#" alone in the last. A filter that
/// starts with
/// "$share/" is valid when it is a shared subscription [MQTT-4.8.2]: "$share/NAME/FILTER".
[[nodiscard]] bool is_valid_topic_filter(std::string_view filter);

/// "a/b" has two levels, "/" two, "a" one.
[[nodiscard]] std::size_t topic_levels(std::string_view topic);

/// True when a valid filter (not a shared one) matches a valid name. A filter that starts with a
/// wildcard does not match a name that starts with "$" [MQTT-4.7.2-1].
[[nodiscard]] bool topic_matches(std::string_view filter, std::string_view name);

struct SharedFilter {
    std::string_view share_name;
    std::string_view filter;
};

/// The parts of "$share/NAME/FILTER"; nothing when `filter` is not a valid shared subscription.
[[nodiscard]] std::optional<SharedFilter> parse_shared_filter(std::string_view filter);

}  // namespace foz::mqtt
