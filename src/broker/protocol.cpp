// SPDX-License-Identifier: Apache-2.0
#include "broker/protocol.h"

#include <algorithm>

#include <fmt/format.h>

#include "broker/limit_text.h"
#include "mqtt/encoder.h"

namespace foz::broker {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::ProtocolVersion;
using mqtt::ReasonCode;

namespace {

constexpr Protocol::Ending kConnackTooLarge{
    .reason = ReasonCode::packet_too_large,
    .cause = "[MQTT-3.1.2-24] the client's Maximum Packet Size has no room for CONNACK: let it "
             "give a larger one",
};
constexpr Protocol::Ending kAnswerTooLarge{
    .reason = ReasonCode::packet_too_large,
    .cause = "[MQTT-3.1.2-24] the client's Maximum Packet Size has no room for the answer to its "
             "SUBSCRIBE or UNSUBSCRIBE: let it name fewer topics in one packet",
};

/// Why what begins like this, where CONNECT should be, is none, if it is another protocol; else
/// empty.
std::string_view why_no_connect(std::string_view input) {
    constexpr std::string_view kTlsHandshake = "\x16\x03";
    if (input.starts_with(kTlsHandshake)) {
        return "TLS on a listener without it: let the client connect without TLS (mqtt://), or to "
               "a listener with \"tls\"";
    }
    if (input.starts_with("GET ")) {
        return "HTTP on an MQTT listener: this is no web server";
    }
    return {};
}

}  // namespace

ProtocolSettings::ProtocolSettings(const config::Limits& from_limits) : limits(from_limits) {
    decode_limits.topic_bytes = limits.topic_bytes;
    decode_limits.topic_levels = limits.topic_levels;
    decode_limits.client_id_bytes = limits.client_id_bytes;
    decode_limits.user_properties = limits.user_properties;
    decode_limits.user_properties_bytes = limits.user_properties_bytes;
    decode_limits.subscriptions = limits.subscriptions;
}

// What is left of `input` is the caller's: an incomplete packet, or packets for which it is not
// time yet. Each turn of the loop takes a packet or ends it, and only taking one changes the state.
std::size_t Protocol::consume(std::string_view input, intake::Inbox& inbox, std::string& out) {
    std::size_t taken = 0;
    while (taken < input.size() && may_take() && !inbox.full() &&
            (state_ == State::awaiting_connect || state_ == State::connected)) {
        const auto frame = mqtt::read_frame(input.substr(taken), version(), packet_bytes_max());
        if (!frame) {
            const mqtt::DecodeError& error = frame.error();
            const std::string_view other =
                    state_ == State::awaiting_connect ? why_no_connect(input) : "";
            if (other.empty()) {
                close(error, out);
            } else {
                close({.reason = error.reason, .cause = other}, out);
            }
            break;
        }
        const std::optional<mqtt::Frame>& whole = *frame;
        if (!whole) {
            break;
        }
        taken += whole->size;
        take_packet(*whole, inbox, out);
    }
    return taken;
}

void Protocol::take_packet(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out) {
    if (state_ == State::awaiting_connect) {
        if (frame.type != PacketType::connect) {
            close({.reason = ReasonCode::protocol_error,
                      .cause = "[MQTT-3.1.0-1] the first packet must be CONNECT"},
                    out);
            return;
        }
        take_connect(frame.body, out);
        return;
    }
    switch (frame.type) {
        case PacketType::publish: take_publish(frame, inbox, out); return;
        case PacketType::pubrel: take_release(frame, inbox, out); return;
        case PacketType::pingreq:
            if (const auto ping = mqtt::decode_ping(frame.body); !ping) {
                close(ping.error(), out);
                return;
            }
            mqtt::append_pingresp(out);
            return;
        case PacketType::subscribe: take_subscribe(frame, inbox, out); return;
        case PacketType::unsubscribe: take_unsubscribe(frame, inbox, out); return;
        case PacketType::puback:
        case PacketType::pubrec:
        case PacketType::pubcomp: take_answer(frame, inbox, out); return;
        case PacketType::disconnect: take_disconnect(frame, inbox, out); return;
        case PacketType::connect:
            close({.reason = ReasonCode::protocol_error,
                      .cause = "[MQTT-3.1.0-2] a second CONNECT"},
                    out);
            return;
        case PacketType::auth:
            close({.reason = ReasonCode::protocol_error,
                      .cause = "[MQTT-4.12.0-6] AUTH without an authentication method in CONNECT"},
                    out);
            return;
        case PacketType::connack:
        case PacketType::suback:
        case PacketType::unsuback:
        case PacketType::pingresp:
            close({.reason = ReasonCode::protocol_error,
                      .cause = "a packet that only a server sends"},
                    out);
            return;
    }
}

void Protocol::take_connect(std::string_view body, std::string& out) {
    const auto connect = mqtt::decode_connect(body, settings_->decode_limits);
    if (!connect) {
        if (const auto version = mqtt::version_to_refuse_in(body)) {
            answers_ = AnswerWriter(*version);
            state_ = State::awaiting_session;  // so that the answer is a CONNACK
        }
        close(connect.error(), out);
        return;
    }
    answers_ = AnswerWriter(*connect);
    if (const auto refusal = refusal_of(*connect)) {
        refuse_connect({.reason = refusal->reason, .cause = {}}, std::string(refusal->why), out);
        return;
    }
    terms_ = ConnectTerms::of(*connect, settings_->limits);
    set_user(connect->user_name.value_or(""));
    if (const auto& user_name = connect->user_name) {
        credentials_ = {
            .user_name = std::string(*user_name),
            .password = std::string(connect->password.value_or("")),
        };
        kept_bytes_ += credentials_->bytes();
    }
    if (const auto& will = connect->will) {
        will_ = std::make_unique<Will>(Will::from(*will));
        kept_bytes_ += will_->bytes();
    }
    state_ = State::awaiting_session;
}

std::optional<std::string> Protocol::start_session(
        SessionRegistry& registry, intake::Inbox& inbox, std::string& out) {
    AttachedSession::Opened opened = session_.open(registry, terms_,
            static_cast<std::uint32_t>(settings_->limits.session_expiry_max.count()),
            {.reactor = self_.reactor, .slot = kNoSlot, .generation = 0}, inbox);
    if (opened.opening == AttachedSession::Opening::refused) {
        refuse_connect(
                {.reason = ReasonCode::quota_exceeded, .cause = "limits.sessions is reached"},
                fmt::format("limits.sessions = {} is reached, and each of them is connected, or "
                            "has a subscription, QoS 2 messages that were not released or a will; "
                            "foz sessions lists them, foz sessions end CLIENT ends one",
                        settings_->limits.sessions),
                out);
        return std::nullopt;
    }
    // The session's records are in the inbox before CONNACK is in the output: what the client sends
    // because of it comes after them in the journal.
    state_ = State::connected;
    const bool session_present = opened.opening == AttachedSession::Opening::continued;
    if (!answers_.connack(session_present, connack_properties(), out)) {
        // Nothing else may come before CONNACK [MQTT-3.2.0-1].
        drop_will();
        state_ = State::closed;
        ending_ = kConnackTooLarge;
        close_reason_ = kConnackTooLarge.cause;
    } else if (session_.session().has_subscribed()) {
        begin_deliveries();
    }
    return std::move(opened.dropped);
}

void Protocol::end_session(intake::Inbox& inbox, std::string& out) {
    if (session_.is_open()) {
        session_.change_expiry(0, inbox);
    }
    close({.reason = ReasonCode::administrative_action,
              .cause = "its session was ended with foz sessions end"},
            out);
}

mqtt::PropertyWriter Protocol::connack_properties() const {
    const config::Limits& limits = settings_->limits;
    mqtt::PropertyWriter properties;
    if (version() != ProtocolVersion::v5) {
        return properties;
    }
    properties.add(PropertyId::receive_maximum, limits.in_flight)
            .add(PropertyId::maximum_packet_size, limits.packet_bytes)
            .add(PropertyId::topic_alias_maximum, limits.topic_aliases);
    if (session_.expiry_seconds() != terms_.expiry_requested) {
        properties.add(PropertyId::session_expiry_interval, session_.expiry_seconds());
    }
    if (terms_.client_id_assigned) {
        properties.add(PropertyId::assigned_client_identifier, terms_.client_id);
    }
    if (limits.keep_alive_max != 0) {
        properties.add(PropertyId::server_keep_alive, terms_.keep_alive);
    }
    return properties;
}

void Protocol::refuse_connect(const Ending& ending, const std::string& why, std::string& out) {
    state_ = State::closed;
    ending_ = ending;
    close_reason_ = why;
    // One whose version has no return code for it, or who takes no packet so small, is just hung
    // up on.
    (void)answers_.refusal(ending.reason, why, out);
}

void Protocol::take_publish(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out) {
    auto publish = mqtt::decode_publish(frame, decode_context());
    if (!publish) {
        close(publish.error(), out);
        return;
    }
    if (version() == ProtocolVersion::v5 && !resolve_alias(*publish, out)) {
        return;
    }
    if (publish->qos > 0 && !note_in_flight(*publish, inbox, out)) {
        return;
    }
    message_properties_.clear();
    if (!publish->properties.empty()) {
        publish->properties.append_message_properties(message_properties_);
    }
    inbox.add_message({
        .topic = publish->topic,
        .payload = publish->payload,
        .client_id = terms_.client_id,
        .received = inbox.next_receipt_time(),
        .qos = publish->qos,
        .retain = publish->retain,
        .packet_id = publish->qos == 2 ? publish->packet_id : std::uint16_t{0},
        .properties = message_properties_,
        .user = user_,
    });
}

// False: it has closed the connection.
bool Protocol::resolve_alias(mqtt::Publish& publish, std::string& out) {
    const std::uint16_t maximum = settings_->limits.topic_aliases;
    switch (aliases_.resolve(publish, maximum)) {
        case mqtt::TopicAliases::Resolution::resolved: return true;
        case mqtt::TopicAliases::Resolution::over_maximum:
            close({.reason = ReasonCode::topic_alias_invalid,
                      .cause = "[MQTT-3.3.2-9] the topic alias is over the Topic Alias Maximum"},
                    out,
                    fmt::format("[MQTT-3.3.2-9] limits.topic_aliases = {}, the packet has topic "
                                "alias {}; the client must keep to the Topic Alias Maximum that "
                                "CONNACK gives",
                            maximum, publish.topic_alias));
            return false;
        case mqtt::TopicAliases::Resolution::never_set:
            close({.reason = ReasonCode::protocol_error,
                      .cause = "[MQTT-3.3.4] a topic alias that was never set"},
                    out);
            return false;
    }
    return false;
}

// Counts a QoS 1 or 2 message in and queues its acknowledgement. False: it is not to be journaled,
// because it was before, or because it breaks the protocol.
bool Protocol::note_in_flight(
        const mqtt::Publish& publish, intake::Inbox& inbox, std::string& out) {
    const std::uint16_t in_flight_max = settings_->limits.in_flight;
    // What counts is PUBLISH packets not yet answered [MQTT-3.3.4-7]; foz answers late, and in one
    // go.
    if (pending_acks_ >= in_flight_max) {
        close({.reason = ReasonCode::receive_maximum_exceeded,
                  .cause = "[MQTT-3.3.4-7] more messages in flight than the Receive Maximum"},
                out,
                fmt::format("[MQTT-3.3.4-7] limits.in_flight = {}, and it has sent one more "
                            "without waiting for an acknowledgement; the client must keep to the "
                            "Receive Maximum that CONNACK gives",
                        in_flight_max));
        return false;
    }
    bool is_new = true;
    if (publish.qos == 2) {
        // The session knows of it before the record is in the journal, so that a checkpoint that is
        // taken in between has it; after a crash the records decide (session_recovery.h).
        is_new = session_.note_received(publish);
        if (is_new && session_.unreleased_count() > in_flight_max) {
            session_.forget_received(publish.packet_id);
            close({.reason = ReasonCode::receive_maximum_exceeded,
                      .cause = "[MQTT-3.3.4-7] more QoS 2 messages without a PUBREL than the "
                               "Receive Maximum"},
                    out,
                    fmt::format("[MQTT-3.3.4-7] limits.in_flight = {}, and it has sent one more "
                                "QoS 2 message without a PUBREL for any of them; the client must "
                                "release what it has sent",
                            in_flight_max));
            return false;
        }
    }
    // Counted here and in acknowledge(), for one that comes again too: each PUBLISH is answered
    // once.
    ++pending_acks_;
    inbox.add_ack({
        .connection = self_.token(),
        .packet_id = publish.packet_id,
        .type = publish.qos == 1 ? PacketType::puback : PacketType::pubrec,
    });
    return is_new;
}

void Protocol::take_release(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out) {
    const auto release = mqtt::decode_acknowledgement(frame, decode_context());
    if (!release) {
        close(release.error(), out);
        return;
    }
    const auto [known, durable] = session_.release(release->packet_id, inbox);
    const intake::PendingAck pubcomp{
        .connection = self_.token(),
        .packet_id = release->packet_id,
        .type = PacketType::pubcomp,
        .reason = known ? ReasonCode::success : ReasonCode::packet_identifier_not_found,
    };
    if (!durable) {
        append_answer(pubcomp, out);
        return;
    }
    ++pending_releases_;
    inbox.add_ack(pubcomp);
}

void Protocol::acknowledge(const intake::PendingAck& ack, std::string& out) {
    if (state_ != State::connected) {
        return;  // the client was told good-bye: nothing may follow DISCONNECT [MQTT-3.14.4-1]
    }
    if (ack.type == PacketType::pubcomp) {
        --pending_releases_;
    } else if (ack.type != PacketType::pubrel) {
        --pending_acks_;
    }
    append_answer(ack, out);
}

void Protocol::append_answer(const intake::PendingAck& ack, std::string& out) const {
    mqtt::append_acknowledgement(out, ack.type,
            {.packet_id = ack.packet_id, .reason = ack.reason, .properties = {}}, version());
}

void Protocol::begin_deliveries() {
    if (flow_) {
        return;
    }
    session_.session().note_subscribed();
    flow_ = std::make_unique<DeliveryFlow>(session_,
            DeliveryFlow::Terms{
                .version = version(),
                .window = std::min(terms_.receive_maximum, settings_->limits.in_flight),
                .packet_bytes_max = answers_.packet_bytes_max(),
                .topic_aliases =
                        std::min(terms_.topic_alias_maximum, settings_->limits.topic_aliases),
                .connection = self_.token(),
            });
    wants_attachment_ = true;
}

// The answer waits for the dispatcher, which tells the result of each filter when its record is
// durable: from the SUBACK on, nothing is missed.
void Protocol::take_subscribe(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out) {
    const auto subscribe = mqtt::decode_subscribe(frame.body, decode_context());
    if (!subscribe) {
        close(subscribe.error(), out);
        return;
    }
    begin_deliveries();
    const std::uint32_t identifier =
            subscribe->properties.number(PropertyId::subscription_identifier).value_or(0);
    subscribe_answers_.begin(PacketType::suback, subscribe->packet_id);
    for (mqtt::Subscription subscription : subscribe->subscriptions) {
        if (terms_.is_bridge) {
            // What it has sent itself it does not want back [as Mosquitto's bridges say it].
            subscription.no_local = true;
            subscription.retain_as_published = true;
        }
        subscribe_answers_.await();
        session_.journal_subscription(
                mqtt::RecordKind::subscribed, subscription, identifier, inbox);
    }
    send_subscribe_answers(out);
}

void Protocol::take_unsubscribe(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out) {
    const auto unsubscribe = mqtt::decode_unsubscribe(frame.body, decode_context());
    if (!unsubscribe) {
        close(unsubscribe.error(), out);
        return;
    }
    subscribe_answers_.begin(PacketType::unsuback, unsubscribe->packet_id);
    for (const std::string_view filter : unsubscribe->filters) {
        if (!flow_) {
            subscribe_answers_.settle(ReasonCode::no_subscription_existed);
            continue;
        }
        subscribe_answers_.await();
        session_.journal_subscription(mqtt::RecordKind::unsubscribed, {.filter = filter}, 0, inbox);
    }
    send_subscribe_answers(out);
}

void Protocol::take_result(ReasonCode reason, std::string& out) {
    if (state_ != State::connected) {
        return;
    }
    subscribe_answers_.take(reason);
    send_subscribe_answers(out);
}

void Protocol::send_subscribe_answers(std::string& out) {
    while (const auto answer = subscribe_answers_.pop_complete()) {
        const bool sent = answer->type == PacketType::suback
                                  ? answers_.suback({.packet_id = answer->packet_id,
                                                        .reasons = answer->reasons,
                                                        .properties = {}},
                                            out)
                                  : answers_.unsuback({.packet_id = answer->packet_id,
                                                          .reasons = answer->reasons,
                                                          .properties = {}},
                                            out);
        if (!sent) {
            close(kAnswerTooLarge, out);
            return;
        }
    }
}

void Protocol::take_answer(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out) {
    const auto answer = mqtt::decode_acknowledgement(frame, decode_context());
    if (!answer) {
        close(answer.error(), out);
        return;
    }
    if (flow_) {
        flow_->take_answer(frame.type, *answer, inbox, out);
    } else if (frame.type == PacketType::pubrec) {
        DeliveryFlow::refuse_release(answer->packet_id, version(), out);
    }
}

void Protocol::take_disconnect(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out) {
    const auto disconnect = mqtt::decode_disconnect(frame.body, decode_context());
    if (!disconnect) {
        close(disconnect.error(), out);
        return;
    }
    if (const auto expiry = disconnect->properties.number(PropertyId::session_expiry_interval)) {
        if (terms_.expiry_requested == 0 && *expiry != 0) {
            close({.reason = ReasonCode::protocol_error,
                      .cause = "[MQTT-3.14.2-2] DISCONNECT wants to keep a session that CONNECT "
                               "did not"},
                    out);
            return;
        }
        session_.change_expiry(*expiry, inbox);
    }
    if (disconnect->reason == ReasonCode::success) {
        drop_will();
    }
    state_ = State::closed;
}

void Protocol::close(const mqtt::DecodeError& error, std::string& out) {
    close({.reason = error.reason, .cause = error.message}, out,
            error.exceeded.name.empty()
                    ? ""
                    : limit_text(error.exceeded, state_ == State::awaiting_connect));
}

void Protocol::close(const Ending& ending, std::string& out, const std::string& detail) {
    if (state_ == State::closed) {
        return;
    }
    const std::string why = detail.empty() ? std::string(ending.cause) : detail;
    if (state_ == State::awaiting_session) {
        refuse_connect(ending, why, out);
        return;
    }
    // Before CONNECT there is no answer: whatever it is, it has not said that it speaks MQTT.
    if (state_ == State::connected) {
        (void)answers_.disconnect(
                ending.reason, why, out);  // who takes no four bytes hears nothing
    }
    state_ = State::closed;
    ending_ = ending;
    close_reason_ = why;
}

std::optional<Will> Protocol::take_will() {
    if (!will_ || !session_.is_open()) {
        return std::nullopt;
    }
    kept_bytes_ -= will_->bytes();
    will_->user = user_;
    return std::move(*std::exchange(will_, nullptr));
}

void Protocol::drop_will() {
    if (will_) {
        kept_bytes_ -= will_->bytes();
        will_.reset();
    }
}

}  // namespace foz::broker
