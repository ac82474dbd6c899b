// SPDX-License-Identifier: Apache-2.0
#include "broker/protocol.h"

#include <fmt/format.h>

#include "broker/limit_text.h"
#include "mqtt/encoder.h"

namespace foz::broker {

using mqtt::PacketType;
using mqtt::ProtocolVersion;
using mqtt::ReasonCode;

namespace {

constexpr Protocol::Ending kAnswerTooLarge{
    .reason = ReasonCode::packet_too_large,
    .cause =
        "[MQTT-3.1.2-24] the client's Maximum Packet Size has no room for the answer to its "
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

// Appends the packet that append(out, properties) makes with the reason in it: or without, when the
// client is not to be told [MQTT-3.1.2-29] or takes no packet of that size. False: it takes not
// even that one [MQTT-3.1.2-24].
template <class Append>
bool Protocol::append_within(
    std::string_view why, bool may_say_why, std::string& out, Append append
) const {
    const std::size_t begin = out.size();
    const bool says_why = version_ == ProtocolVersion::v5 && may_say_why && !why.empty();
    for (const bool with_reason : {true, false}) {
        if (with_reason && !says_why) {
            continue;
        }
        mqtt::PropertyWriter properties;
        if (with_reason) {
            properties.add(mqtt::PropertyId::reason_string, why);
        }
        append(out, properties.properties());
        if (out.size() - begin <= client_packet_bytes_max_) {
            return true;
        }
        out.resize(begin);
    }
    return false;
}

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
        const auto frame = mqtt::read_frame(input.substr(taken), version_, packet_bytes_max());
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
            close(
                {.reason = ReasonCode::protocol_error,
                 .cause = "[MQTT-3.1.0-1] the first packet must be CONNECT"},
                out
            );
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
        case PacketType::subscribe: take_subscribe(frame, out); return;
        case PacketType::unsubscribe: take_unsubscribe(frame, out); return;
        case PacketType::disconnect: take_disconnect(frame, inbox, out); return;
        case PacketType::connect:
            close(
                {.reason = ReasonCode::protocol_error, .cause = "[MQTT-3.1.0-2] a second CONNECT"},
                out
            );
            return;
        case PacketType::auth:
            close(
                {.reason = ReasonCode::protocol_error,
                 .cause = "[MQTT-4.12.0-6] AUTH without an authentication method in CONNECT"},
                out
            );
            return;
        case PacketType::puback:
        case PacketType::pubrec:
        case PacketType::pubcomp:
        case PacketType::connack:
        case PacketType::suback:
        case PacketType::unsuback:
        case PacketType::pingresp:
            close(
                {.reason = ReasonCode::protocol_error,
                 .cause = "a packet that answers nothing foz has sent"},
                out
            );
            return;
    }
}

void Protocol::take_publish(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out) {
    auto publish = mqtt::decode_publish(frame, decode_context());
    if (!publish) {
        close(publish.error(), out);
        return;
    }
    if (version_ == ProtocolVersion::v5 && !resolve_alias(*publish, out)) {
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
        .client_id = client_id_,
        .received = inbox.next_receipt_time(),
        .qos = publish->qos,
        .retain = publish->retain,
        .packet_id = publish->qos == 2 ? publish->packet_id : std::uint16_t{0},
        .properties = message_properties_,
        .user = user_,
    });
}

void Protocol::set_alias(std::string& alias, std::string_view topic) {
    const std::size_t before = alias.capacity();
    alias.assign(topic);
    kept_bytes_ += alias.capacity() - before;
}

bool Protocol::resolve_alias(mqtt::Publish& publish, std::string& out) {
    if (publish.topic_alias == 0) {
        return true;
    }
    if (publish.topic_alias > settings_->limits.topic_aliases) {
        close(
            {.reason = ReasonCode::topic_alias_invalid,
             .cause = "[MQTT-3.3.2-9] the topic alias is over the Topic Alias Maximum"},
            out,
            fmt::format(
                "[MQTT-3.3.2-9] limits.topic_aliases = {}, the packet has topic alias {}; the "
                "client must keep to the Topic Alias Maximum that CONNACK gives",
                settings_->limits.topic_aliases,
                publish.topic_alias
            )
        );
        return false;
    }
    if (topic_aliases_.size() < publish.topic_alias) {
        const std::size_t before = topic_aliases_.capacity();
        topic_aliases_.resize(publish.topic_alias);
        kept_bytes_ += (topic_aliases_.capacity() - before) * sizeof(std::string);
    }
    std::string& alias = topic_aliases_[publish.topic_alias - 1U];
    if (!publish.topic.empty()) {
        set_alias(alias, publish.topic);
        return true;
    }
    if (alias.empty()) {
        close(
            {.reason = ReasonCode::protocol_error,
             .cause = "[MQTT-3.3.4] a topic alias that was never set"},
            out
        );
        return false;
    }
    publish.topic = alias;
    return true;
}

// Counts a QoS 1 or 2 message in and queues its acknowledgement. False: it is not to be journaled,
// because it was before, or because it breaks the protocol.
bool Protocol::note_in_flight(
    const mqtt::Publish& publish, intake::Inbox& inbox, std::string& out
) {
    const std::uint16_t in_flight_max = settings_->limits.in_flight;
    // What counts is PUBLISH packets not yet answered [MQTT-3.3.4-7]; foz answers late, and in one
    // go.
    if (pending_acks_ >= in_flight_max) {
        close(
            {.reason = ReasonCode::receive_maximum_exceeded,
             .cause = "[MQTT-3.3.4-7] more messages in flight than the Receive Maximum"},
            out,
            fmt::format(
                "[MQTT-3.3.4-7] limits.in_flight = {}, and it has sent one more without waiting "
                "for an acknowledgement; the client must keep to the Receive Maximum that CONNACK "
                "gives",
                in_flight_max
            )
        );
        return false;
    }
    bool is_new = true;
    if (publish.qos == 2) {
        // The session knows of it before the record is in the journal, so that a checkpoint that is
        // taken in between has it; after a crash the records decide (session_recovery.h).
        is_new = session_->note_received(publish.packet_id, publish.topic, publish.payload);
        if (is_new && session_->unreleased_count() > in_flight_max) {
            (void)session_->note_released(publish.packet_id);
            close(
                {.reason = ReasonCode::receive_maximum_exceeded,
                 .cause = "[MQTT-3.3.4-7] more QoS 2 messages without a PUBREL than the Receive "
                          "Maximum"},
                out,
                fmt::format(
                    "[MQTT-3.3.4-7] limits.in_flight = {}, and it has sent one more QoS 2 message "
                    "without a PUBREL for any of them; the client must release what it has sent",
                    in_flight_max
                )
            );
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
    const bool known = session_->note_released(release->packet_id);
    const intake::PendingAck pubcomp{
        .connection = self_.token(),
        .packet_id = release->packet_id,
        .type = PacketType::pubcomp,
        .reason = known ? ReasonCode::success : ReasonCode::packet_identifier_not_found,
    };
    if (!persistent_) {
        append_answer(pubcomp, out);
        return;
    }
    // PUBCOMP waits until the release is durable: were it forgotten in a crash, the client's next
    // message with this packet id would be taken for the old one and lost. One that is not known
    // (any more) may still be on its way to the disk.
    if (known) {
        inbox.add_session_record(
            mqtt::RecordKind::release,
            {.client_id = client_id_, .packet_id = release->packet_id, .expiry_seconds = 0}
        );
    }
    ++pending_releases_;
    inbox.add_ack(pubcomp);
}

void Protocol::acknowledge(const intake::PendingAck& ack, std::string& out) {
    if (state_ != State::connected) {
        return;  // the client was told good-bye: nothing may follow DISCONNECT [MQTT-3.14.4-1]
    }
    --(ack.type == PacketType::pubcomp ? pending_releases_ : pending_acks_);
    append_answer(ack, out);
}

void Protocol::append_answer(const intake::PendingAck& ack, std::string& out) const {
    mqtt::append_acknowledgement(
        out,
        ack.type,
        {.packet_id = ack.packet_id, .reason = ack.reason, .properties = {}},
        version_
    );
}

void Protocol::take_subscribe(const mqtt::Frame& frame, std::string& out) {
    const auto subscribe = mqtt::decode_subscribe(frame.body, decode_context());
    if (!subscribe) {
        close(subscribe.error(), out);
        return;
    }
    // foz does not deliver to subscribers yet. Saying so is better than an accepted subscription to
    // which nothing ever comes.
    if (refused_filter_.empty()) {
        refused_filter_ = subscribe->subscriptions.front().filter;
    }
    const bool sent = append_within(
        "this version of foz does not serve subscribers",
        wants_reasons_,
        out,
        [&](std::string& to, const mqtt::Properties& properties) {
            mqtt::append_suback(
                to,
                {
                    .packet_id = subscribe->packet_id,
                    .reasons = std::vector(
                        subscribe->subscriptions.size(), ReasonCode::implementation_specific_error
                    ),
                    .properties = properties,
                },
                version_
            );
        }
    );
    if (!sent) {
        close(kAnswerTooLarge, out);
    }
}

void Protocol::take_unsubscribe(const mqtt::Frame& frame, std::string& out) {
    const auto unsubscribe = mqtt::decode_unsubscribe(frame.body, decode_context());
    if (!unsubscribe) {
        close(unsubscribe.error(), out);
        return;
    }
    const bool sent =
        append_within("", false, out, [&](std::string& to, const mqtt::Properties& properties) {
            mqtt::append_unsuback(
                to,
                {
                    .packet_id = unsubscribe->packet_id,
                    .reasons = std::vector(
                        unsubscribe->filters.size(), ReasonCode::no_subscription_existed
                    ),
                    .properties = properties,
                },
                version_
            );
        });
    if (!sent) {
        close(kAnswerTooLarge, out);
    }
}

void Protocol::take_disconnect(const mqtt::Frame& frame, intake::Inbox& inbox, std::string& out) {
    const auto disconnect = mqtt::decode_disconnect(frame.body, decode_context());
    if (!disconnect) {
        close(disconnect.error(), out);
        return;
    }
    if (const auto expiry =
            disconnect->properties.number(mqtt::PropertyId::session_expiry_interval)) {
        if (expiry_requested_ == 0 && *expiry != 0) {
            close(
                {.reason = ReasonCode::protocol_error,
                 .cause = "[MQTT-3.14.2-2] DISCONNECT wants to keep a session that CONNECT did not"
                },
                out
            );
            return;
        }
        journal_session(*expiry, inbox);
        session_->set_expiry_seconds(expiry_seconds_);
    }
    if (disconnect->reason == ReasonCode::success) {
        drop_will();
    }
    state_ = State::closed;
}

void Protocol::close(const mqtt::DecodeError& error, std::string& out) {
    close(
        {.reason = error.reason, .cause = error.message},
        out,
        error.exceeded.name.empty() ? ""
                                    : limit_text(error.exceeded, state_ == State::awaiting_connect)
    );
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
    if (state_ == State::connected && version_ == ProtocolVersion::v5) {
        // One that takes not even four bytes hears nothing.
        (void)append_within(why, true, out, [&](std::string& to, const mqtt::Properties& with) {
            mqtt::append_disconnect(to, {.reason = ending.reason, .properties = with}, version_);
        });
    }
    state_ = State::closed;
    ending_ = ending;
    close_reason_ = why;
}

std::optional<Will> Protocol::take_will() {
    if (!will_ || !session_) {
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
