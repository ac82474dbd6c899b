// SPDX-License-Identifier: Apache-2.0
// A client over a real socket, packet by packet: it says what to send, and sees what comes.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "mqtt/decoder.h"
#include "mqtt/encoder.h"
#include "tests/broker/raw_client.h"

namespace foz::broker {

inline constexpr std::uint32_t kHour = 3'600;  // a Session Expiry Interval

/// What a server has sent, as far as tests want to know.
struct Received {
    mqtt::PacketType type{};
    std::uint16_t packet_id = 0;
    std::string topic;
    std::string payload;
    std::uint8_t qos = 0;
    bool retain = false;
    bool dup = false;
    bool session_present = false;
    mqtt::ReasonCode reason{};
    std::vector<mqtt::ReasonCode> reasons;
    std::string property_bytes;

    [[nodiscard]] mqtt::Properties properties() const {
        return mqtt::Properties::from_validated(property_bytes);
    }
    [[nodiscard]] std::vector<std::uint32_t> identifiers() const {
        std::vector<std::uint32_t> all;
        properties().for_each([&](const mqtt::Property& property) {
            if (property.id == mqtt::PropertyId::subscription_identifier) {
                all.push_back(property.number);
            }
        });
        return all;
    }
};

class PacketClient {
  public:
    explicit PacketClient(
            std::uint16_t port, mqtt::ProtocolVersion version = mqtt::ProtocolVersion::v5)
        : raw_(port), version_(version) {}

    /// Gives the CONNACK. `expiry_seconds`: of MQTT 5; in MQTT 3 a session that is not clean is
    /// kept.
    Received connect(std::string_view client_id, bool clean = true,
            std::uint32_t expiry_seconds = 0, mqtt::PropertyWriter properties = {}) {
        send_connect(client_id, clean, expiry_seconds, std::move(properties));
        return expect(mqtt::PacketType::connack);
    }
    bool send_connect(std::string_view client_id, bool clean, std::uint32_t expiry_seconds = 0,
            mqtt::PropertyWriter properties = {}) {
        if (expiry_seconds != 0) {
            properties.add(mqtt::PropertyId::session_expiry_interval, expiry_seconds);
        }
        mqtt::Connect connect;
        connect.version = version_;
        connect.client_id = client_id;
        connect.clean_start = clean;
        connect.properties = properties.properties();
        std::string bytes;
        mqtt::append_connect(bytes, connect);
        return raw_.send(bytes);
    }

    /// Gives the SUBACK; messages that come before it are kept for next().
    Received subscribe(
            std::vector<mqtt::Subscription> subscriptions, std::uint32_t identifier = 0) {
        send_subscribe(std::move(subscriptions), identifier);
        return expect(mqtt::PacketType::suback);
    }
    bool send_subscribe(
            std::vector<mqtt::Subscription> subscriptions, std::uint32_t identifier = 0) {
        mqtt::PropertyWriter properties;
        if (identifier != 0) {
            properties.add(mqtt::PropertyId::subscription_identifier, identifier);
        }
        std::string bytes;
        mqtt::append_subscribe(bytes,
                {.packet_id = 1,
                    .subscriptions = std::move(subscriptions),
                    .properties = properties.properties()},
                version_);
        return raw_.send(bytes);
    }
    Received unsubscribe(std::vector<std::string_view> filters) {
        std::string bytes;
        mqtt::append_unsubscribe(
                bytes, {.packet_id = 2, .filters = std::move(filters), .properties = {}}, version_);
        raw_.send(bytes);
        return expect(mqtt::PacketType::unsuback);
    }

    bool publish(const mqtt::Publish& publish) {
        std::string bytes;
        mqtt::append_publish(bytes, publish, version_);
        return raw_.send(bytes);
    }
    /// QoS 1, and waits until it is acknowledged.
    void publish_durably(std::string_view topic, std::string_view payload) {
        publish({.topic = topic, .payload = payload, .packet_id = 77, .qos = 1});
        (void)expect(mqtt::PacketType::puback);
    }
    void answer(mqtt::PacketType type, std::uint16_t packet_id) {
        std::string bytes;
        mqtt::append_acknowledgement(bytes, type, packet_id);
        raw_.send(bytes);
    }
    void disconnect() {
        std::string bytes;
        mqtt::append_disconnect(bytes, {}, version_);
        raw_.send(bytes);
        (void)raw_.receive_until_closed();
    }

    /// The next packet; nothing: none has come within `limit`, or the connection is closed.
    std::optional<Received> next(std::chrono::milliseconds limit = std::chrono::seconds(10)) {
        if (!early_.empty()) {
            Received first = std::move(early_.front());
            early_.erase(early_.begin());
            return first;
        }
        return read(limit);
    }
    /// The next message; fails when something else comes, or nothing.
    Received message() {
        auto packet = next();
        EXPECT_TRUE(packet && packet->type == mqtt::PacketType::publish);
        return packet.value_or(Received{});
    }
    /// Whether nothing has come that was sent before the answer to a ping.
    bool is_silent() {
        std::string ping;
        mqtt::append_pingreq(ping);
        raw_.send(ping);
        const auto packet = next();
        return packet && packet->type == mqtt::PacketType::pingresp;
    }
    /// The next packet of this type; messages before it are kept.
    Received expect(mqtt::PacketType type) {
        while (auto packet = read(std::chrono::seconds(10))) {
            if (packet->type == type) {
                return *std::move(packet);
            }
            early_.push_back(*std::move(packet));
        }
        ADD_FAILURE() << "no " << mqtt::packet_name(type) << " has come";
        return {};
    }
    [[nodiscard]] RawClient& raw() { return raw_; }

  private:
    [[nodiscard]] mqtt::DecodeContext context() const {
        return {.version = version_, .sender = mqtt::Sender::server, .limits = limits_};
    }

    std::optional<Received> read(std::chrono::milliseconds limit) {
        while (true) {
            const auto frame = mqtt::read_frame(input_, version_, mqtt::kPacketBytesMax);
            if (!frame) {
                ADD_FAILURE() << frame.error().message;
                return std::nullopt;
            }
            if (const auto& whole = *frame) {
                Received packet = decoded(*whole);
                input_.erase(0, whole->size);
                return packet;
            }
            const std::string more = raw_.receive_some(4'096, limit);
            if (more.empty()) {
                return std::nullopt;
            }
            input_ += more;
        }
    }

    [[nodiscard]] Received decoded(const mqtt::Frame& frame) const {
        Received packet{.type = frame.type};
        switch (frame.type) {
            case mqtt::PacketType::publish:
                if (const auto publish = mqtt::decode_publish(frame, context())) {
                    packet.packet_id = publish->packet_id;
                    packet.topic = publish->topic;
                    packet.payload = publish->payload;
                    packet.qos = publish->qos;
                    packet.retain = publish->retain;
                    packet.dup = publish->dup;
                    packet.property_bytes = publish->properties.bytes();
                } else {
                    ADD_FAILURE() << publish.error().message;
                }
                break;
            case mqtt::PacketType::puback:
            case mqtt::PacketType::pubrec:
            case mqtt::PacketType::pubrel:
            case mqtt::PacketType::pubcomp:
                if (const auto answer = mqtt::decode_acknowledgement(frame, context())) {
                    packet.packet_id = answer->packet_id;
                    packet.reason = answer->reason;
                }
                break;
            case mqtt::PacketType::connack:
                if (const auto connack = mqtt::decode_connack(frame.body, context())) {
                    packet.session_present = connack->session_present;
                    packet.reason = connack->reason;
                    packet.property_bytes = connack->properties.bytes();
                }
                break;
            case mqtt::PacketType::suback:
                if (const auto suback = mqtt::decode_suback(frame.body, context())) {
                    packet.packet_id = suback->packet_id;
                    packet.reasons = suback->reasons;
                }
                break;
            case mqtt::PacketType::unsuback:
                if (const auto unsuback = mqtt::decode_unsuback(frame.body, context())) {
                    packet.packet_id = unsuback->packet_id;
                    packet.reasons = unsuback->reasons;
                }
                break;
            case mqtt::PacketType::disconnect:
                if (const auto disconnect = mqtt::decode_disconnect(frame.body, context())) {
                    packet.reason = disconnect->reason;
                }
                break;
            default: break;
        }
        return packet;
    }

    RawClient raw_;
    const mqtt::ProtocolVersion version_;
    const mqtt::DecodeLimits limits_;
    std::string input_;
    std::vector<Received> early_;
};

}  // namespace foz::broker
