// SPDX-License-Identifier: Apache-2.0
#include "mqtt/encoder.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "mqtt/wire_writer.h"

namespace foz::mqtt {
namespace {

/// A packet that is being appended: leaves one byte for the Remaining Length, and makes room for
/// more when the body has turned out to need it.
class OpenPacket {
  public:
    OpenPacket(std::string& to, PacketType type, unsigned flags = 0) : to_(to) {
        to_.push_back(static_cast<char>((static_cast<unsigned>(type) << 4U) | flags));
        to_.push_back(0);
        body_ = to_.size();
    }

    void close() {
        const std::size_t size = to_.size() - body_;
        FOZ_CHECK(size <= kVariableMax);
        char bytes[4];
        const auto length = static_cast<std::size_t>(
                store_variable(bytes, static_cast<std::uint32_t>(size)) - bytes);
        to_.insert(body_, length - 1, '\0');
        std::memcpy(to_.data() + body_ - 1, bytes, length);
    }

  private:
    std::string& to_;
    std::size_t body_ = 0;
};

void append_properties(std::string& to, const Properties& properties, ProtocolVersion version) {
    if (version != ProtocolVersion::v5) return;
    append_variable(to, static_cast<std::uint32_t>(properties.bytes().size()));
    to.append(properties.bytes());
}

/// A reason and properties, each left out when it need not be there.
void append_reason_and_properties(
        std::string& to, ReasonCode reason, const Properties& properties, ProtocolVersion version) {
    if (version != ProtocolVersion::v5) return;
    if (reason == ReasonCode::success && properties.empty()) return;
    to.push_back(static_cast<char>(reason));
    if (properties.empty()) return;
    append_properties(to, properties, version);
}

unsigned connect_flags(const Connect& packet) {
    unsigned flags = packet.clean_start ? 0x02U : 0U;
    if (packet.will) {
        flags |= 0x04U | (static_cast<unsigned>(packet.will->qos) << 3U);
        flags |= packet.will->retain ? 0x20U : 0U;
    }
    flags |= packet.password ? 0x40U : 0U;
    flags |= packet.user_name ? 0x80U : 0U;
    return flags;
}

unsigned options_byte(const Subscription& subscription, ProtocolVersion version) {
    if (version != ProtocolVersion::v5) return subscription.qos;
    return subscription.qos | (subscription.no_local ? 4U : 0U) |
           (subscription.retain_as_published ? 8U : 0U) |
           (static_cast<unsigned>(subscription.retain_handling) << 4U);
}

std::size_t remaining_length(const Publish& packet, bool has_properties) {
    const std::size_t properties = packet.properties.bytes().size();
    return 2 + packet.topic.size() + (packet.qos != 0 ? 2U : 0U) +
           (has_properties ? variable_size(properties) + properties : 0) + packet.payload.size();
}

}  // namespace

void append_connect(std::string& to, const Connect& packet) {
    OpenPacket open(to, PacketType::connect);
    append_text(to, packet.version == ProtocolVersion::v3_1 ? "MQIsdp" : "MQTT");
    // The highest bit of the protocol level is Mosquitto's private sign of a bridge: it does not
    // send such a client what that has published itself, and leaves retain as it was published.
    const unsigned bridge = packet.bridge && packet.version != ProtocolVersion::v5 ? 0x80U : 0U;
    append_big(to, static_cast<std::uint8_t>(static_cast<unsigned>(packet.version) | bridge));
    append_big(to, static_cast<std::uint8_t>(connect_flags(packet)));
    append_big(to, packet.keep_alive_seconds);
    append_properties(to, packet.properties, packet.version);
    append_text(to, packet.client_id);
    if (packet.will) {
        append_properties(to, packet.will->properties, packet.version);
        append_text(to, packet.will->topic);
        append_text(to, packet.will->payload);
    }
    if (packet.user_name) append_text(to, *packet.user_name);
    if (packet.password) append_text(to, *packet.password);
    open.close();
}

void append_connack(std::string& to, const Connack& packet, ProtocolVersion version) {
    constexpr std::uint8_t kServerUnavailable = 3;
    OpenPacket open(to, PacketType::connack);
    to.push_back(packet.session_present && version != ProtocolVersion::v3_1 ? 1 : 0);
    to.push_back(static_cast<char>(
            version == ProtocolVersion::v5
                    ? static_cast<std::uint8_t>(packet.reason)
                    : connack_return_code(packet.reason).value_or(kServerUnavailable)));
    append_properties(to, packet.properties, version);
    open.close();
}

/// The size is known beforehand, so everything is written once, into its place.
void append_publish(std::string& to, const Publish& packet, ProtocolVersion version) {
    const bool has_properties = version == ProtocolVersion::v5;
    const std::string_view properties = packet.properties.bytes();
    FOZ_CHECK(packet.topic.size() <= 0xFFFF);
    FOZ_CHECK(packet.qos <= 2);
    const std::size_t remaining = remaining_length(packet, has_properties);
    FOZ_CHECK(remaining <= kVariableMax);
    const std::size_t start = to.size();
    const std::size_t end = start + 1 + variable_size(remaining) + remaining;
    // g++ 12 hands over the new capacity instead of the size that was asked for.
    const auto write = [&](char* buffer, std::size_t) {
        char* at = buffer + start;
        const auto put = [&](std::string_view bytes) {
            at = std::copy_n(bytes.data(), bytes.size(), at);
        };
        *at++ = static_cast<char>(
                (static_cast<unsigned>(PacketType::publish) << 4U) | (packet.dup ? 8U : 0U) |
                (static_cast<unsigned>(packet.qos) << 1U) | (packet.retain ? 1U : 0U));
        at = store_variable(at, static_cast<std::uint32_t>(remaining));
        store_big(at, static_cast<std::uint16_t>(packet.topic.size()));
        at += 2;
        put(packet.topic);
        if (packet.qos != 0) {
            store_big(at, packet.packet_id);
            at += 2;
        }
        if (has_properties) {
            at = store_variable(at, static_cast<std::uint32_t>(properties.size()));
            put(properties);
        }
        put(packet.payload);
        return end;
    };
    to.resize_and_overwrite(end, write);
}

void append_acknowledgement(
        std::string& to, PacketType type, const Acknowledgement& packet, ProtocolVersion version) {
    FOZ_CHECK(is_acknowledgement(type));
    OpenPacket open(to, type, type == PacketType::pubrel ? 2 : 0);
    append_big(to, packet.packet_id);
    append_reason_and_properties(to, packet.reason, packet.properties, version);
    open.close();
}

void append_subscribe(std::string& to, const Subscribe& packet, ProtocolVersion version) {
    OpenPacket open(to, PacketType::subscribe, 2);
    append_big(to, packet.packet_id);
    append_properties(to, packet.properties, version);
    for (const Subscription& subscription : packet.subscriptions) {
        append_text(to, subscription.filter);
        append_big(to, static_cast<std::uint8_t>(options_byte(subscription, version)));
    }
    open.close();
}

void append_suback(std::string& to, const Suback& packet, ProtocolVersion version) {
    OpenPacket open(to, PacketType::suback);
    append_big(to, packet.packet_id);
    append_properties(to, packet.properties, version);
    for (const ReasonCode reason : packet.reasons) {
        const bool exact = version == ProtocolVersion::v5 || !is_failure(reason);
        to.push_back(static_cast<char>(exact ? reason : ReasonCode::unspecified_error));
    }
    open.close();
}

void append_unsubscribe(std::string& to, const Unsubscribe& packet, ProtocolVersion version) {
    OpenPacket open(to, PacketType::unsubscribe, 2);
    append_big(to, packet.packet_id);
    append_properties(to, packet.properties, version);
    for (const std::string_view filter : packet.filters) {
        append_text(to, filter);
    }
    open.close();
}

void append_unsuback(std::string& to, const Unsuback& packet, ProtocolVersion version) {
    OpenPacket open(to, PacketType::unsuback);
    append_big(to, packet.packet_id);
    append_properties(to, packet.properties, version);
    if (version == ProtocolVersion::v5) {
        for (const ReasonCode reason : packet.reasons) {
            to.push_back(static_cast<char>(reason));
        }
    }
    open.close();
}

void append_disconnect(std::string& to, const Disconnect& packet, ProtocolVersion version) {
    OpenPacket open(to, PacketType::disconnect);
    append_reason_and_properties(to, packet.reason, packet.properties, version);
    open.close();
}

void append_auth(std::string& to, const Auth& packet) {
    OpenPacket open(to, PacketType::auth);
    append_reason_and_properties(to, packet.reason, packet.properties, ProtocolVersion::v5);
    open.close();
}

}  // namespace foz::mqtt
