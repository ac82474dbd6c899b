// SPDX-License-Identifier: Apache-2.0
#include "client/client_protocol.h"

#include <algorithm>
#include <utility>

#include "client/broker_verdict.h"
#include "mqtt/encoder.h"

namespace foz::client {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::ProtocolVersion;
using mqtt::ReasonCode;

namespace {

std::size_t length_bytes(std::size_t length) {
    std::size_t bytes = 1;
    for (; length > 0x7F; length >>= 7U) {
        ++bytes;
    }
    return bytes;
}

/// Of the whole PUBLISH.
std::size_t encoded_size(const mqtt::Publish& message, ProtocolVersion version) {
    std::size_t remaining = 2 + message.topic.size() + message.payload.size();
    remaining += message.qos > 0 ? 2 : 0;
    if (version == ProtocolVersion::v5) {
        const std::size_t properties = message.properties.bytes().size();
        remaining += length_bytes(properties) + properties;
    }
    return 1 + length_bytes(remaining) + remaining;
}

}  // namespace

ClientProtocol::ClientProtocol(SessionTerms terms, std::shared_ptr<session::Session> session)
    : terms_(std::move(terms)),
      session_(std::move(session)),
      outbox_(terms_.in_flight, terms_.hold_releases),
      subscriptions_(terms_) {}

void ClientProtocol::open(SteadyTime now, std::string& out) {
    state_ = State::connecting;
    failure_.reset();
    session_present_ = false;
    pinged_ = false;
    aliases_ = {};
    subscriptions_.start_connection();
    now_ = last_sent_ = last_received_ = now;
    keep_alive_ = terms_.keep_alive;

    mqtt::PropertyWriter properties;
    properties.add(PropertyId::session_expiry_interval,
            static_cast<std::uint32_t>(
                    std::min<std::int64_t>(terms_.session_expiry.count(), session::kNeverExpires)));
    properties.add(PropertyId::receive_maximum, terms_.receive_maximum);
    properties.add(PropertyId::topic_alias_maximum, kTopicAliases);
    mqtt::Connect connect{
        .version = terms_.version,
        .clean_start = terms_.clean_start,
        .bridge = terms_.bridge && !bridge_refused_,
        .keep_alive_seconds = static_cast<std::uint16_t>(terms_.keep_alive.count()),
        .client_id = terms_.client_id,
        .will = {},
        .user_name = terms_.user_name,
        .password = terms_.password,
        .properties = {},
    };
    if (terms_.version == ProtocolVersion::v5) {
        connect.properties = properties.properties();
    }
    if (terms_.will) {
        connect.will = mqtt::Will{
            .topic = terms_.will->topic,
            .payload = terms_.will->payload,
            .qos = terms_.will->qos,
            .retain = terms_.will->retain,
            .properties = {},
        };
    }
    mqtt::append_connect(out, connect);
}

// A broker that minds the sign of a bridge may hang up without a word; so do broken networks.
// Hence the next attempt is without it, and the one after that with it again.
void ClientProtocol::close() {
    if (state_ == State::connecting && !failure_) {
        bridge_refused_ = !bridge_refused_;
    }
    state_ = State::closed;
}

std::size_t ClientProtocol::consume(
        std::string_view input, SteadyTime now, Receiver& receiver, std::string& out) {
    now_ = now;
    const std::size_t sent_before = out.size();
    std::size_t taken = 0;
    while (taken < input.size() && !failure_ && state_ != State::closed) {
        const auto frame = mqtt::read_frame(input.substr(taken), terms_.version);
        if (!frame) {
            if (state_ == State::connecting) {
                fail(failure_of_first_bytes(input.substr(taken), frame.error().message));
            } else {
                break_off(frame.error().reason, frame.error().message, out);
            }
            break;
        }
        if (!*frame) {
            break;
        }
        taken += (*frame)->size;
        last_received_ = now;
        pinged_ = false;
        take_packet(**frame, receiver, out);
    }
    if (out.size() > sent_before) {
        last_sent_ = now;
    }
    return taken;
}

void ClientProtocol::take_packet(const mqtt::Frame& frame, Receiver& receiver, std::string& out) {
    if (state_ == State::connecting) {
        if (frame.type != PacketType::connack) {
            fail(failure_of_first_bytes("", "[MQTT-3.2.0-1] the first packet is no CONNACK"));
            return;
        }
        take_connack(frame.body, receiver, out);
        return;
    }
    switch (frame.type) {
        case PacketType::publish: take_publish(frame, receiver, out); return;
        case PacketType::pubrel: take_release(frame, receiver, out); return;
        case PacketType::puback:
        case PacketType::pubrec:
        case PacketType::pubcomp: take_acknowledgement(frame, receiver, out); return;
        case PacketType::suback: take_suback(frame.body, out); return;
        case PacketType::disconnect: take_disconnect(frame.body, out); return;
        case PacketType::pingresp:
        case PacketType::unsuback: return;
        case PacketType::connect:
        case PacketType::connack:
        case PacketType::subscribe:
        case PacketType::unsubscribe:
        case PacketType::pingreq:
        case PacketType::auth:
            break_off(
                    ReasonCode::protocol_error, "a packet that the broker must not send here", out);
            return;
    }
}

void ClientProtocol::take_connack(std::string_view body, Receiver& receiver, std::string& out) {
    const auto connack = mqtt::decode_connack(body, decode_context());
    if (!connack) {
        fail(failure_of_first_bytes("", connack.error().message));
        return;
    }
    if (connack->reason != ReasonCode::success) {
        bridge_refused_ =
                bridge_refused_ || connack->reason == ReasonCode::unsupported_protocol_version;
        fail(failure_of(*connack, terms_));
        return;
    }
    take_limits(*connack);
    session_present_ = connack->session_present;
    if (!session_present_) {
        session_->forget_received();
        subscriptions_.forget();
    }
    state_ = State::subscribing;
    receiver.on_session(session_present_);
    outbox_.resend(out);
    subscribe(out);
}

void ClientProtocol::take_limits(const mqtt::Connack& connack) {
    const mqtt::Properties& properties = connack.properties;
    constexpr std::uint16_t kUnlimited = 0xFFFF;
    const auto window = static_cast<std::uint16_t>(
            properties.number(PropertyId::receive_maximum).value_or(kUnlimited));
    outbox_.start_connection(connack.session_present, std::min(window, terms_.in_flight));
    packet_bytes_max_ =
            properties.number(PropertyId::maximum_packet_size).value_or(mqtt::kPacketBytesMax);
    qos_max_ = static_cast<std::uint8_t>(properties.number(PropertyId::maximum_qos).value_or(2));
    retain_available_ = properties.number(PropertyId::retain_available).value_or(1) != 0;
    if (const auto wanted = properties.number(PropertyId::server_keep_alive)) {
        keep_alive_ = std::chrono::seconds(*wanted);
    }
}

// Asks for every filter that is not granted; without any, the connection is ready.
void ClientProtocol::subscribe(std::string& out) {
    if (!subscriptions_.ask(out)) {
        state_ = State::ready;
    }
}

void ClientProtocol::take_suback(std::string_view body, std::string& out) {
    const auto suback = mqtt::decode_suback(body, decode_context());
    if (!suback) {
        break_off(suback.error().reason, suback.error().message, out);
        return;
    }
    switch (subscriptions_.take(*suback, now_)) {
        case Subscriptions::Answer::unexpected:
            break_off(ReasonCode::protocol_error,
                    "[MQTT-3.8.4-6] a SUBACK that answers no SUBSCRIBE", out);
            return;
        case Subscriptions::Answer::partial: return;
        case Subscriptions::Answer::complete: state_ = State::ready; return;
    }
}

void ClientProtocol::take_disconnect(std::string_view body, std::string& out) {
    const auto packet = mqtt::decode_disconnect(body, decode_context());
    if (!packet) {
        break_off(packet.error().reason, packet.error().message, out);
        return;
    }
    fail(failure_of(*packet, terms_));
}

void ClientProtocol::take_publish(const mqtt::Frame& frame, Receiver& receiver, std::string& out) {
    auto publish = mqtt::decode_publish(frame, decode_context());
    if (!publish) {
        break_off(publish.error().reason, publish.error().message, out);
        return;
    }
    if (!resolve_alias(*publish, out)) {
        return;
    }
    if (!receiver.takes(*publish)) {
        return;
    }
    if (publish->qos < 2 || session_->note_received(publish->packet_id,
                                    receiver.journal_topic(publish->topic), publish->payload)) {
        receiver.on_message(*publish);
    }
    if (publish->qos > 0) {
        receiver.on_answer_due({
            .type = publish->qos == 1 ? PacketType::puback : PacketType::pubrec,
            .packet_id = publish->packet_id,
        });
    }
}

// False: it has closed the connection.
bool ClientProtocol::resolve_alias(mqtt::Publish& publish, std::string& out) {
    switch (aliases_.resolve(publish, kTopicAliases)) {
        case mqtt::TopicAliases::Resolution::resolved: return true;
        case mqtt::TopicAliases::Resolution::over_maximum:
            break_off(ReasonCode::topic_alias_invalid,
                    "[MQTT-3.3.2-9] the topic alias is over the Topic Alias Maximum", out);
            return false;
        case mqtt::TopicAliases::Resolution::never_set:
            break_off(ReasonCode::protocol_error, "[MQTT-3.3.4] a topic alias that was never set",
                    out);
            return false;
    }
    return false;
}

void ClientProtocol::take_release(const mqtt::Frame& frame, Receiver& receiver, std::string& out) {
    const auto release = mqtt::decode_acknowledgement(frame, decode_context());
    if (!release) {
        break_off(release.error().reason, release.error().message, out);
        return;
    }
    // Also for a packet id that is not known (any more): PUBCOMP is what ends the exchange, and it
    // waits for the release that may still be on its way to the disk.
    if (session_->note_released(release->packet_id)) {
        receiver.on_release(release->packet_id);
    }
    receiver.on_answer_due({.type = PacketType::pubcomp, .packet_id = release->packet_id});
}

void ClientProtocol::take_acknowledgement(
        const mqtt::Frame& frame, Receiver& receiver, std::string& out) {
    const auto packet = mqtt::decode_acknowledgement(frame, decode_context());
    if (!packet) {
        break_off(packet.error().reason, packet.error().message, out);
        return;
    }
    const bool failed = frame.type == PacketType::pubrec && mqtt::is_failure(packet->reason);
    const session::Outbox::Outcome outcome =
            outbox_.acknowledge(frame.type, packet->packet_id, failed);
    if (frame.type == PacketType::pubrec && !failed &&
            outcome.progress != session::Outbox::Progress::held) {
        // Also when the packet id is not known: without PUBREL the broker would keep it for ever.
        mqtt::append_acknowledgement(out, PacketType::pubrel, packet->packet_id);
    }
    if (outcome.progress == session::Outbox::Progress::delivered) {
        // A PUBCOMP that says the packet id is not known ends the exchange like any other.
        receiver.on_delivered(outcome.tag,
                frame.type == PacketType::pubcomp ? ReasonCode::success : packet->reason);
        outbox_.resend(out);
    }
}

void ClientProtocol::publish(const Outgoing& outgoing, Receiver& receiver, std::string& out) {
    mqtt::Publish message = outgoing.message;
    message.qos = std::min(message.qos, qos_max_);
    message.retain = message.retain && retain_available_;
    if (encoded_size(message, terms_.version) > packet_bytes_max_) {
        if (message.qos > 0) {
            outbox_.skip(outgoing.tag, outgoing.again && message.qos == 2, out);
        }
        receiver.on_delivered(outgoing.tag, ReasonCode::packet_too_large);
        return;
    }
    if (message.qos > 0) {
        outbox_.add(message, outgoing.tag, outgoing.again, terms_.version, out);
        return;
    }
    message.packet_id = 0;
    mqtt::append_publish(out, message, terms_.version);
    receiver.on_delivered(outgoing.tag, ReasonCode::success);
}

void ClientProtocol::acknowledge(Answer answer, std::string& out) {
    if ((state_ == State::subscribing || state_ == State::ready) && !failure_) {
        mqtt::append_acknowledgement(out, answer.type, answer.packet_id);
    }
}

void ClientProtocol::keep_alive(SteadyTime now, bool reading, std::string& out) {
    if ((state_ != State::subscribing && state_ != State::ready) || failure_) {
        return;
    }
    if (subscriptions_.is_due(now)) {
        subscribe(out);
        last_sent_ = now;
    }
    if (keep_alive_.count() == 0) {
        return;
    }
    if (!reading) {
        last_received_ = now;
    } else if (pinged_ && now - last_received_ > keep_alive_ + keep_alive_ / 2) {
        fail({
            Cause::silent,
            fmt::format("the broker has said nothing for {} s, not even to a PINGREQ",
                    keep_alive_.count() * 3 / 2),
        });
        return;
    }
    const auto due = std::chrono::milliseconds(keep_alive_) * 3 / 4;
    if (now - last_sent_ >= due || (!pinged_ && now - last_received_ >= due)) {
        mqtt::append_pingreq(out);
        pinged_ = true;
        last_sent_ = now;
    }
}

void ClientProtocol::disconnect(ReasonCode reason, std::string& out) {
    if (state_ == State::subscribing || state_ == State::ready) {
        mqtt::append_disconnect(out, {.reason = reason, .properties = {}}, terms_.version);
    }
}

void ClientProtocol::fail(LinkFailure failure) {
    if (!failure_) {
        failure_ = std::move(failure);
    }
}

void ClientProtocol::break_off(ReasonCode reason, std::string_view why, std::string& out) {
    if (terms_.version == ProtocolVersion::v5) {
        disconnect(reason, out);
    }
    fail({Cause::protocol, fmt::format("the broker broke the protocol: {}", why)});
}

mqtt::DecodeContext ClientProtocol::decode_context() const {
    return {.version = terms_.version, .sender = mqtt::Sender::server, .limits = {}};
}

}  // namespace foz::client
