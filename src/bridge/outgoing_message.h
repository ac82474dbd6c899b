// SPDX-License-Identifier: Apache-2.0
// A record of the journal as the PUBLISH that a bridge sends for it, if it sends one. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/error.h"
#include "bridge/echo_mark.h"
#include "bridge/topic_map.h"
#include "config/aws_iot_limits.h"
#include "journal/journal.h"
#include "mqtt/message.h"
#include "mqtt/packet.h"

namespace foz::bridge {

enum class Fate : std::uint8_t {
    send,
    not_ours,    // no line takes it out, or it came in by this bridge
    expired,     // its message expiry interval is over [MQTT-3.3.2-5]
    impossible,  // over a limit of the remote's profile: `why` says which
};

struct OutgoingMessage {
    Fate fate = Fate::not_ours;
    mqtt::Publish publish;  // of all but not_ours, without a packet id
    std::string why;
};

class OutgoingMessages {
  public:
    /// `own_client_id` is what the messages have in the journal that came in by this bridge; `mark`
    /// is put on those that will come in by it.
    OutgoingMessages(const TopicMap& topics, const config::RemoteLimits& limits,
            std::string own_client_id, std::optional<EchoMark> mark);

    /// The result's views are valid until the next call, and as long as the record. Error: corrupt.
    [[nodiscard]] Result<OutgoingMessage> make(const journal::Record& record, SystemTime now);

  private:
    [[nodiscard]] bool expire(const mqtt::Message& message, SystemTime now);
    void mark(mqtt::Publish& publish);
    [[nodiscard]] std::string over_limit(const mqtt::Publish& publish) const;

    const TopicMap& topics_;
    const config::RemoteLimits& limits_;
    const std::string own_client_id_;
    const std::optional<EchoMark> mark_;
    std::string topic_;
    std::string topic_back_;
    mqtt::PropertyWriter properties_;
    mqtt::PropertyWriter marked_properties_;
};

}  // namespace foz::bridge
