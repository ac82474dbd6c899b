// SPDX-License-Identifier: Apache-2.0
// The topic aliases that the other side has set on a connection [MQTT-3.3.2.3.4]. They end with it.
// One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mqtt/packet.h"

namespace foz::mqtt {

class TopicAliases {
  public:
    enum class Resolution : std::uint8_t { resolved, over_maximum, never_set };
    /// Gives `publish` the topic that its alias stands for, or notes the one that it has; without
    /// an alias there is nothing to do. `maximum`: the Topic Alias Maximum that it was given. The
    /// topic is a view into this, until the next call.
    [[nodiscard]] Resolution resolve(Publish& publish, std::uint16_t maximum);

    /// What they take.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

  private:
    std::vector<std::string> topics_;  // alias n at [n - 1]; "": not set
    std::size_t bytes_ = 0;
};

}  // namespace foz::mqtt
