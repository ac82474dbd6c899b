// SPDX-License-Identifier: Apache-2.0
// A will: the message that the server publishes when a client goes without saying so
// [MQTT-3.1.2-8]. Owns its bytes: it outlives the CONNECT it came in.
#pragma once

#include <chrono>
#include <string>

#include "intake/inbox.h"
#include "mqtt/packet.h"

namespace foz::broker {

struct Will {
    std::string topic;
    std::string payload;
    std::string properties;  // as mqtt::Message has them
    std::uint8_t qos = 0;
    bool retain = false;
    std::string user;               // of the client, as Protocol knows it when the will is due
    std::chrono::seconds delay{0};  // Will Delay Interval [MQTT-3.1.3.2.2]

    [[nodiscard]] static Will from(const mqtt::Will& will) {
        Will copy{
            .topic = std::string(will.topic),
            .payload = std::string(will.payload),
            .properties = {},
            .qos = will.qos,
            .retain = will.retain,
            .user = {},
            .delay = std::chrono::seconds(
                    will.properties.number(mqtt::PropertyId::will_delay_interval).value_or(0)),
        };
        will.properties.append_message_properties(copy.properties);
        return copy;
    }

    [[nodiscard]] std::size_t bytes() const {
        return sizeof(Will) + topic.capacity() + payload.capacity() + properties.capacity() +
               user.capacity();
    }

    void publish(std::string_view client_id, intake::Inbox& inbox) const {
        // Nobody sends it again, so its QoS only says how it is to be delivered: no packet id.
        inbox.add_message({
            .topic = topic,
            .payload = payload,
            .client_id = client_id,
            .received = inbox.next_receipt_time(),
            .qos = qos,
            .retain = retain,
            .packet_id = 0,
            .properties = properties,
            .user = user,
        });
    }
};

}  // namespace foz::broker
