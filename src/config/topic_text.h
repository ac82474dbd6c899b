// SPDX-License-Identifier: Apache-2.0
// Whether a text of the configuration can be a topic of MQTT, so that a broker does not hang up on
// foz for it [MQTT-4.7]. Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace foz::config {

/// Of a topic, and of every text in a packet [MQTT-1.5.4].
inline constexpr std::size_t kMqttTextBytesMax = 65'535;

/// "+" and "#" alone in their levels, "#" in the last one; "$share/GROUP/FILTER" too.
[[nodiscard]] bool is_topic_filter(std::string_view text);

/// Without "+" and "#".
[[nodiscard]] bool is_topic_name(std::string_view text);

}  // namespace foz::config
