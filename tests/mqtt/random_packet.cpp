// SPDX-License-Identifier: Apache-2.0
#include "tests/mqtt/random_packet.h"

#include <array>

#include "mqtt/encoder.h"
#include "mqtt/property_form.h"

namespace foz::mqtt {
namespace {

using enum ReasonCode;

constexpr std::size_t kKeptMax = 10'000;  // never reached: so kept_ never moves its strings

/// The direction in which a packet of that type goes; nothing: both.
std::optional<Sender> only_sender(PacketType type) {
    switch (type) {
        case PacketType::connect:
        case PacketType::subscribe:
        case PacketType::unsubscribe:
        case PacketType::pingreq: return Sender::client;
        case PacketType::connack:
        case PacketType::suback:
        case PacketType::unsuback:
        case PacketType::pingresp: return Sender::server;
        default: return std::nullopt;
    }
}

bool is_excluded(PropertyId id, PropertyOwner owner, Sender sender) {
    // Authentication data needs the method, which packets with it get on their own.
    if (id == PropertyId::authentication_data || id == PropertyId::authentication_method)
        return true;
    const bool from_client = sender == Sender::client;
    if (owner == PropertyOwner::publish) {
        return id == PropertyId::subscription_identifier && from_client;
    }
    return owner == PropertyOwner::disconnect &&
           ((id == PropertyId::session_expiry_interval && !from_client) ||
                   (id == PropertyId::server_reference && from_client));
}

}  // namespace

std::uint32_t RandomPackets::below(std::uint32_t bound) {
    return std::uniform_int_distribution<std::uint32_t>(0, bound - 1)(random_);
}

std::string_view RandomPackets::text() {
    static constexpr std::array<std::string_view, 8> kPieces = {
        "a", "Z", " ", "\x01", "é", "温度", "\xF0\x9F\x8C\x8A", "\xEF\xBF\xBD"};
    std::string& text = kept_.emplace_back();
    for (std::uint32_t left = below(coin() ? 4 : 40); left > 0; --left) {
        text += kPieces[below(kPieces.size())];
    }
    return text;
}

std::string_view RandomPackets::binary() {
    std::string& bytes = kept_.emplace_back();
    for (std::uint32_t left = below(coin() ? 8 : 300); left > 0; --left) {
        bytes.push_back(static_cast<char>(below(256)));
    }
    return bytes;
}

std::string_view RandomPackets::topic() {
    std::string topic(text());
    for (std::uint32_t levels = below(5); levels > 0; --levels) {
        topic += '/';
        topic += text();
    }
    return kept_.emplace_back(topic.empty() ? "/" : topic);
}

std::string_view RandomPackets::filter() {
    std::string filter = coin() ? "$share/group/" : "";
    filter += topic();
    if (coin()) filter += "/+/x";
    if (coin()) filter += "/#";
    return kept_.emplace_back(filter);
}

Properties RandomPackets::properties(PropertyOwner owner, Sender sender) {
    PropertyWriter writer;
    for (std::uint8_t number = 0; number < 0x30; ++number) {
        const auto id = static_cast<PropertyId>(number);
        const PropertyForm& form = property_form(number);
        const bool allowed = ((form.owners >> static_cast<unsigned>(owner)) & 1U) != 0;
        if (!allowed || is_excluded(id, owner, sender) || coin()) continue;
        switch (form.type) {
            case PropertyType::none: break;
            case PropertyType::pair:
                writer.add_user(text(), text());
                writer.add_user(text(), text());
                break;
            case PropertyType::binary: writer.add(id, binary()); break;
            case PropertyType::text:
                writer.add(id, id == PropertyId::response_topic ? topic() : text());
                break;
            case PropertyType::byte: writer.add(id, below(2)); break;
            default: writer.add(id, 1 + below(0xFFFF)); break;
        }
    }
    if (((property_form(0x15).owners >> static_cast<unsigned>(owner)) & 1U) != 0) {
        writer.add(PropertyId::authentication_method, text());
        writer.add(PropertyId::authentication_data, binary());
    }
    return Properties::from_validated(kept_.emplace_back(writer.properties().bytes()));
}

ReasonCode RandomPackets::one_of(std::initializer_list<ReasonCode> reasons) {
    return reasons.begin()[below(static_cast<std::uint32_t>(reasons.size()))];
}

RandomPacket RandomPackets::next() {
    kept_.clear();
    kept_.reserve(kKeptMax);
    RandomPacket packet;
    packet.context.version = static_cast<ProtocolVersion>(3 + below(3));
    const std::uint32_t types = packet.context.version == ProtocolVersion::v5 ? 15 : 14;
    const auto type = static_cast<PacketType>(1 + below(types));
    packet.context.sender = only_sender(type).value_or(coin() ? Sender::client : Sender::server);
    append_packet(packet.bytes, type, packet.context);
    return packet;
}

void RandomPackets::append_packet(std::string& to, PacketType type, const DecodeContext& context) {
    const ProtocolVersion version = context.version;
    const bool v5 = version == ProtocolVersion::v5;
    const Properties some = properties(static_cast<PropertyOwner>(type), context.sender);
    switch (type) {
        case PacketType::connect: append_connect_packet(to, version); break;
        case PacketType::connack: {
            const auto reason = one_of({success, not_authorized, server_unavailable});
            append_connack(to, {reason == success && coin(), reason, some}, version);
            break;
        }
        case PacketType::publish: append_publish_packet(to, context); break;
        case PacketType::puback:
        case PacketType::pubrec:
            append_acknowledgement(
                    to, type, {packet_id(), one_of({success, quota_exceeded}), some}, version);
            break;
        case PacketType::pubrel:
        case PacketType::pubcomp:
            append_acknowledgement(to, type,
                    {packet_id(), one_of({success, packet_identifier_not_found}), some}, version);
            break;
        case PacketType::subscribe: append_subscribe_packet(to, version); break;
        case PacketType::suback:
            append_suback(to,
                    {packet_id(), {granted_qos_2, one_of({success, quota_exceeded})}, some},
                    version);
            break;
        case PacketType::unsubscribe: append_unsubscribe_packet(to, version); break;
        case PacketType::unsuback:
            append_unsuback(to, {packet_id(), {success, no_subscription_existed}, some}, version);
            break;
        case PacketType::pingreq: append_pingreq(to); break;
        case PacketType::pingresp: append_pingresp(to); break;
        case PacketType::disconnect:
            append_disconnect(
                    to, {v5 ? one_of({success, packet_too_large}) : success, some}, version);
            break;
        case PacketType::auth: append_auth(to, {continue_authentication, some}); break;
    }
}

void RandomPackets::append_connect_packet(std::string& to, ProtocolVersion version) {
    Connect packet;
    packet.version = version;
    packet.client_id = topic();
    packet.clean_start = coin();
    packet.keep_alive_seconds = static_cast<std::uint16_t>(below(0x10000));
    packet.properties = properties(PropertyOwner::connect, Sender::client);
    if (coin()) {
        packet.will = Will{
            .topic = topic(),
            .payload = binary(),
            .qos = static_cast<std::uint8_t>(below(3)),
            .retain = coin(),
            .properties = properties(PropertyOwner::will, Sender::client),
        };
    }
    if (coin()) {
        packet.user_name = text();
        if (coin()) packet.password = binary();
    }
    append_connect(to, packet);
}

void RandomPackets::append_publish_packet(std::string& to, const DecodeContext& context) {
    Publish packet;
    packet.topic = topic();
    packet.payload = binary();
    packet.qos = static_cast<std::uint8_t>(below(3));
    packet.retain = coin();
    if (packet.qos != 0) {
        packet.packet_id = packet_id();
        packet.dup = coin();
    }
    packet.properties = properties(PropertyOwner::publish, context.sender);
    append_publish(to, packet, context.version);
}

void RandomPackets::append_subscribe_packet(std::string& to, ProtocolVersion version) {
    Subscribe packet;
    packet.packet_id = packet_id();
    packet.properties = properties(PropertyOwner::subscribe, Sender::client);
    for (std::uint32_t left = 1 + below(4); left > 0; --left) {
        Subscription subscription;
        subscription.filter = filter();
        subscription.qos = static_cast<std::uint8_t>(below(3));
        subscription.no_local = coin() && !subscription.filter.starts_with("$share/");
        subscription.retain_as_published = coin();
        subscription.retain_handling = static_cast<std::uint8_t>(below(3));
        packet.subscriptions.push_back(subscription);
    }
    append_subscribe(to, packet, version);
}

void RandomPackets::append_unsubscribe_packet(std::string& to, ProtocolVersion version) {
    Unsubscribe packet;
    packet.packet_id = packet_id();
    packet.properties = properties(PropertyOwner::unsubscribe, Sender::client);
    for (std::uint32_t left = 1 + below(4); left > 0; --left) {
        packet.filters.push_back(filter());
    }
    append_unsubscribe(to, packet, version);
}

}  // namespace foz::mqtt
