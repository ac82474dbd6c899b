// SPDX-License-Identifier: Apache-2.0
// The part of ClientProtocol that deals with the beginning and the end of a connection: CONNECT,
// CONNACK, SUBSCRIBE, SUBACK, DISCONNECT.
#include <algorithm>

#include "client/client_protocol.h"
#include "mqtt/encoder.h"
#include "mqtt/topic.h"

namespace foz::client {

using mqtt::PropertyId;
using mqtt::ProtocolVersion;
using mqtt::ReasonCode;

namespace {

constexpr std::uint16_t kFirstSubscribeId = session::Outbox::kCapacityMax + 1;
constexpr std::chrono::seconds kSubscribeAgainAfter{60};

std::string with_reason_string(ReasonCode reason, const mqtt::Properties& properties) {
    const auto said = properties.text(PropertyId::reason_string);
    return said ? fmt::format("{} ({})", mqtt::reason_text(reason), *said)
                : std::string(mqtt::reason_text(reason));
}

Failure refusal(const mqtt::Connack& connack, const SessionTerms& terms) {
    const std::string why = with_reason_string(connack.reason, connack.properties);
    switch (connack.reason) {
        case ReasonCode::bad_user_name_or_password:
        case ReasonCode::bad_authentication_method:
            return {
                Cause::bad_credentials,
                fmt::format(
                    "the broker refused the user name or password ({}): {}",
                    terms.user_name ? "user " + *terms.user_name : "foz sent none",
                    why
                ),
            };
        case ReasonCode::not_authorized:
        case ReasonCode::banned:
            return {
                Cause::not_authorized,
                fmt::format(
                    "the broker does not let client id \"{}\" in{}: {}",
                    terms.client_id,
                    terms.user_name ? fmt::format(
                                          " as user \"{}\" (are username and password_file right?)",
                                          *terms.user_name
                                      )
                                    : " without a user name",
                    why
                ),
            };
        case ReasonCode::client_identifier_not_valid:
            return {
                Cause::identifier,
                fmt::format("the broker rejected the client id \"{}\": {}", terms.client_id, why),
            };
        case ReasonCode::server_unavailable:
        case ReasonCode::server_busy:
        case ReasonCode::server_shutting_down:
        case ReasonCode::connection_rate_exceeded:
        case ReasonCode::quota_exceeded:
            return {
                Cause::server_unavailable,
                fmt::format("the broker does not take connections now: {}", why),
            };
        case ReasonCode::unsupported_protocol_version:
            return {
                Cause::protocol,
                fmt::format(
                    "the broker does not speak MQTT {}; write version = \"{}\"",
                    mqtt::version_name(terms.version),
                    terms.version == ProtocolVersion::v5 ? "3.1.1" : "5"
                ),
            };
        default:
            return {Cause::protocol, fmt::format("the broker refused the connection: {}", why)};
    }
}

}  // namespace

void ClientProtocol::open(SteadyTime now, std::string& out) {
    state_ = State::connecting;
    failure_.reset();
    session_present_ = false;
    pinged_ = false;
    topic_aliases_.clear();
    subscribe_again_ = SteadyTime::max();
    now_ = last_sent_ = last_received_ = now;
    keep_alive_ = terms_.keep_alive;

    mqtt::PropertyWriter properties;
    properties.add(
        PropertyId::session_expiry_interval,
        static_cast<std::uint32_t>(
            std::min<std::int64_t>(terms_.session_expiry.count(), session::kNeverExpires)
        )
    );
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

// The broker's first bytes are no CONNACK.
void ClientProtocol::take_first_bytes(std::string_view input, const mqtt::DecodeError& error) {
    constexpr std::string_view kTlsAlert = "\x15\x03";
    if (input.starts_with(kTlsAlert)) {
        fail(
            Cause::not_mqtt,
            "the broker answers in TLS; write mqtts:// (or wss://) in the url, or use its port "
            "without TLS"
        );
    } else if (input.starts_with("HTTP/")) {
        fail(
            Cause::not_mqtt, "a web server answers there; write ws:// in the url, or another port"
        );
    } else {
        fail(
            Cause::not_mqtt,
            fmt::format("what answers there does not speak MQTT: {}", error.message)
        );
    }
}

// A broker that minds the sign of a bridge may hang up without a word; so do broken networks.
// Hence the next attempt is without it, and the one after that with it again.
void ClientProtocol::close() {
    if (state_ == State::connecting && !failure_) {
        bridge_refused_ = !bridge_refused_;
    }
    state_ = State::closed;
}

void ClientProtocol::take_connack(std::string_view body, Receiver& receiver, std::string& out) {
    const auto connack = mqtt::decode_connack(body, decode_context());
    if (!connack) {
        take_first_bytes("", connack.error());
        return;
    }
    if (connack->reason != ReasonCode::success) {
        bridge_refused_ =
            bridge_refused_ || connack->reason == ReasonCode::unsupported_protocol_version;
        failure_ = refusal(*connack, terms_);
        return;
    }
    take_limits(*connack);
    session_present_ = connack->session_present;
    if (!session_present_) {
        session_->forget_received();
        std::ranges::fill(filters_, FilterState());
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
        properties.number(PropertyId::receive_maximum).value_or(kUnlimited)
    );
    outbox_.start_connection(connack.session_present, std::min(window, terms_.in_flight));
    packet_bytes_max_ =
        properties.number(PropertyId::maximum_packet_size).value_or(mqtt::kPacketBytesMax);
    qos_max_ = static_cast<std::uint8_t>(properties.number(PropertyId::maximum_qos).value_or(2));
    retain_available_ = properties.number(PropertyId::retain_available).value_or(1) != 0;
    if (const auto wanted = properties.number(PropertyId::server_keep_alive)) {
        keep_alive_ = std::chrono::seconds(*wanted);
    }
}

std::uint8_t ClientProtocol::retain_handling_of(const Filter& filter) {
    constexpr std::uint8_t kAlways = 0;   // [MQTT-3.8.3.1]; all that a shared subscription may have
    constexpr std::uint8_t kWhenNew = 1;  // if the session was kept, they were taken then
    constexpr std::uint8_t kNever = 2;
    if (mqtt::parse_shared_filter(filter.filter)) return kAlways;
    return filter.skip_retained ? kNever : kWhenNew;
}

// Asks for every filter that is not granted; without any, the connection is ready.
void ClientProtocol::subscribe(std::string& out) {
    subscribe_again_ = SteadyTime::max();
    asked_.clear();
    for (std::size_t i = 0; i < filters_.size(); ++i) {
        if (!filters_[i].granted) {
            asked_.push_back(i);
        }
    }
    const std::size_t per_packet = terms_.filters_per_packet;
    subacks_pending_ = (asked_.size() + per_packet - 1) / per_packet;
    for (std::size_t packet = 0; packet < subacks_pending_; ++packet) {
        append_subscribe(packet, out);
    }
    if (asked_.empty()) {
        state_ = State::ready;
    }
}

void ClientProtocol::append_subscribe(std::size_t packet, std::string& out) const {
    const std::size_t begin = packet * terms_.filters_per_packet;
    const std::size_t end = std::min<std::size_t>(begin + terms_.filters_per_packet, asked_.size());
    mqtt::Subscribe subscribe;
    subscribe.packet_id = static_cast<std::uint16_t>(kFirstSubscribeId + packet);
    for (std::size_t i = begin; i < end; ++i) {
        const Filter& filter = terms_.filters[asked_[i]];
        subscribe.subscriptions.push_back({
            .filter = filter.filter,
            .qos = filter.qos,
            .no_local = filter.no_local,
            .retain_as_published = filter.retain_as_published,
            .retain_handling = retain_handling_of(filter),
        });
    }
    mqtt::append_subscribe(out, subscribe, terms_.version);
}

void ClientProtocol::take_suback(std::string_view body, std::string& out) {
    const auto suback = mqtt::decode_suback(body, decode_context());
    if (!suback) {
        break_off(suback.error().reason, suback.error().message, out);
        return;
    }
    const std::size_t packet = suback->packet_id - std::size_t{kFirstSubscribeId};
    const std::size_t begin = packet * terms_.filters_per_packet;
    const bool known = suback->packet_id >= kFirstSubscribeId && begin < asked_.size();
    const std::size_t expected =
        known ? std::min<std::size_t>(terms_.filters_per_packet, asked_.size() - begin) : 0;
    if (suback->reasons.size() != expected || subacks_pending_ == 0) {
        break_off(
            ReasonCode::protocol_error, "[MQTT-3.8.4-6] a SUBACK that answers no SUBSCRIBE", out
        );
        return;
    }
    for (std::size_t i = 0; i < expected; ++i) {
        const ReasonCode answer = suback->reasons[i];
        filters_[asked_[begin + i]] = {.granted = !mqtt::is_failure(answer), .answer = answer};
    }
    if (--subacks_pending_ > 0) {
        return;
    }
    describe_trouble();
    if (std::ranges::any_of(filters_, [](const FilterState& filter) { return !filter.granted; })) {
        subscribe_again_ = now_ + kSubscribeAgainAfter;
    }
    state_ = State::ready;
}

void ClientProtocol::describe_trouble() {
    trouble_.clear();
    for (std::size_t i = 0; i < filters_.size(); ++i) {
        const Filter& filter = terms_.filters[i];
        const ReasonCode answer = filters_[i].answer;
        std::string trouble;
        if (answer == ReasonCode::not_authorized) {
            trouble = fmt::format("not authorised to subscribe to \"{}\"", filter.filter);
        } else if (answer == ReasonCode::unspecified_error) {
            trouble = fmt::format(
                "the broker refused the subscription to \"{}\"; most likely foz is not authorised "
                "to subscribe to it",
                filter.filter
            );
        } else if (mqtt::is_failure(answer)) {
            trouble = fmt::format(
                "the broker refused the subscription to \"{}\": {}",
                filter.filter,
                mqtt::reason_text(answer)
            );
        } else if (static_cast<std::uint8_t>(answer) < filter.qos) {
            trouble = fmt::format(
                "the broker gives \"{}\" at QoS {} only, not {}",
                filter.filter,
                static_cast<unsigned>(answer),
                filter.qos
            );
        } else {
            continue;
        }
        trouble_ += (trouble_.empty() ? "" : "; ") + trouble;
    }
}

void ClientProtocol::take_disconnect(std::string_view body, std::string& out) {
    const auto packet = mqtt::decode_disconnect(body, decode_context());
    if (!packet) {
        break_off(packet.error().reason, packet.error().message, out);
        return;
    }
    const std::string why = with_reason_string(packet->reason, packet->properties);
    switch (packet->reason) {
        case ReasonCode::session_taken_over:
            fail(
                Cause::taken_over,
                fmt::format(
                    "another client uses the client id \"{}\", and the broker keeps the newer "
                    "one; give each a client_id of its own",
                    terms_.client_id
                )
            );
            return;
        case ReasonCode::not_authorized:
            fail(Cause::not_authorized, fmt::format("the broker ended the connection: {}", why));
            return;
        case ReasonCode::server_shutting_down:
        case ReasonCode::server_busy:
        case ReasonCode::server_unavailable:
            fail(
                Cause::server_unavailable, fmt::format("the broker ended the connection: {}", why)
            );
            return;
        default:
            fail(Cause::protocol, fmt::format("the broker ended the connection: {}", why));
            return;
    }
}

}  // namespace foz::client
