// SPDX-License-Identifier: Apache-2.0
// The sign by which a bridge knows what it has sent itself when it comes back, for a broker of MQTT
// 5 without No Local (AWS IoT Core): a user property "foz-bridge" with the bridge, and a checksum
// of the topic and payload. The bridge is named by the journal's UUID and its own name, so that no
// other foz's messages are taken for its own; the checksum tells an echo from an answer into which
// somebody has copied the properties of the question.
//
// It needs no memory of what was sent, and so holds over restarts of either side, for retained
// messages, and for those that the broker kept while foz was away. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "mqtt/packet.h"
#include "mqtt/properties.h"

namespace foz::bridge {

class EchoMark {
  public:
    /// Nothing when the broker sees to it itself, or when there are no properties in its protocol.
    [[nodiscard]] static std::optional<EchoMark> for_bridge(
            const config::Bridge& bridge, std::string_view journal_id);

    void add_to(mqtt::PropertyWriter& properties, std::string_view topic,
            std::string_view payload) const;

    /// Whether this bridge has sent it. `message` is as it came from the broker.
    [[nodiscard]] bool is_on(const mqtt::Publish& message) const;

  private:
    explicit EchoMark(std::string bridge) : bridge_(std::move(bridge)) {}
    [[nodiscard]] std::string value_for(std::string_view topic, std::string_view payload) const;

    std::string bridge_;
};

}  // namespace foz::bridge
