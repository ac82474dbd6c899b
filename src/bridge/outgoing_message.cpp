// SPDX-License-Identifier: Apache-2.0
#include "bridge/outgoing_message.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "mqtt/topic.h"

namespace foz::bridge {

using mqtt::Properties;
using mqtt::Property;
using mqtt::PropertyId;
using mqtt::Publish;

namespace {

void copy_property(const Property& property, mqtt::PropertyWriter& to) {
    switch (property.id) {
        case PropertyId::user_property: to.add_user(property.text, property.value); return;
        case PropertyId::payload_format_indicator:
        case PropertyId::message_expiry_interval: to.add(property.id, property.number); return;
        default: to.add(property.id, property.text); return;
    }
}

}  // namespace

OutgoingMessages::OutgoingMessages(const TopicMap& topics, const config::RemoteLimits& limits,
        std::string own_client_id, std::optional<EchoMark> mark)
    : topics_(topics),
      limits_(limits),
      own_client_id_(std::move(own_client_id)),
      mark_(std::move(mark)) {}

Result<OutgoingMessage> OutgoingMessages::make(const journal::Record& record, SystemTime now) {
    if (record.kind != static_cast<std::uint8_t>(mqtt::RecordKind::message)) {
        return OutgoingMessage();
    }
    auto message = mqtt::decode_message(record.bytes);
    if (!message) {
        return pass_on(message);
    }
    if (message->client_id == own_client_id_) {
        return OutgoingMessage();
    }
    const auto mapped = topics_.outward(message->topic, topic_);
    if (!mapped) {
        return OutgoingMessage();
    }
    OutgoingMessage outgoing;
    outgoing.fate = Fate::send;
    Publish& publish = outgoing.publish;
    publish.topic = mapped->topic;
    publish.payload = message->payload;
    publish.qos = std::min({message->qos, mapped->qos, limits_.qos_max});
    publish.retain = message->retain;
    if (!message->properties.empty()) {
        publish.properties = Properties::from_validated(message->properties);
        if (publish.properties.has(PropertyId::message_expiry_interval)) {
            if (expire(*message, now)) {
                outgoing.fate = Fate::expired;
                return outgoing;
            }
            publish.properties = properties_.properties();
        }
    }
    if (mark_ && topics_.inward(publish.topic, topic_back_)) {
        mark(publish);
    }
    outgoing.why = over_limit(publish);
    if (!outgoing.why.empty()) {
        outgoing.fate = Fate::impossible;
    }
    return outgoing;
}

// True: it has expired. Otherwise properties_ are its properties, with the time that it has been
// here taken off [MQTT-3.3.2-6].
bool OutgoingMessages::expire(const mqtt::Message& message, SystemTime now) {
    const auto waited = std::max<std::int64_t>(
            std::chrono::duration_cast<std::chrono::seconds>(now - message.received).count(), 0);
    const Properties properties = Properties::from_validated(message.properties);
    const auto expiry = properties.number(PropertyId::message_expiry_interval).value_or(0);
    if (waited >= expiry) {
        return true;
    }
    properties_.clear();
    properties.for_each([&](Property property) {
        if (property.id == PropertyId::message_expiry_interval) {
            property.number = static_cast<std::uint32_t>(expiry - waited);
        }
        copy_property(property, properties_);
    });
    return false;
}

void OutgoingMessages::mark(Publish& publish) {
    marked_properties_.clear();
    publish.properties.for_each(
            [this](const Property& property) { copy_property(property, marked_properties_); });
    mark_->add_to(marked_properties_, publish.topic, publish.payload);
    publish.properties = marked_properties_.properties();
}

std::string OutgoingMessages::over_limit(const Publish& publish) const {
    const std::string_view counted = config::counted_part(publish.topic);
    if (!mqtt::is_valid_topic_name(publish.topic)) {
        return "without its prefix it has no topic, or one over 65535 bytes";
    }
    if (publish.payload.size() > limits_.payload_bytes) {
        return fmt::format("its payload has {} bytes, and the broker takes {}",
                publish.payload.size(), limits_.payload_bytes);
    }
    if (counted.size() > limits_.topic_bytes) {
        return fmt::format("its topic has {} bytes, and the broker takes {}", counted.size(),
                limits_.topic_bytes);
    }
    // Counting levels costs a look at every byte; the profile without limits does not need it.
    if (limits_.topic_levels < counted.size()) {
        const std::size_t levels = mqtt::topic_levels(counted);
        if (levels > limits_.topic_levels) {
            return fmt::format("its topic has {} levels, and the broker takes {}", levels,
                    limits_.topic_levels);
        }
    }
    return {};
}

}  // namespace foz::bridge
