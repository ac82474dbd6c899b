// SPDX-License-Identifier: Apache-2.0
#include "sensor/sensor_client.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "mqtt/encoder.h"

namespace foz::sensor {

namespace {

using mqtt::PacketType;

constexpr std::size_t kBatchBytes = 64 << 10;
constexpr std::uint32_t kSessionExpirySeconds = 3600;
constexpr auto kConnackTimeout = std::chrono::seconds(30);

/// A client id or a topic. check_options has seen that the pattern is good.
std::string text_from(std::string_view pattern, std::uint32_t number) {
    return PayloadTemplate::parse(pattern)->text({.time = {}, .sensor = number});
}

/// A user name or a password, in which other braces stand for themselves.
std::string with_number(std::string text, std::uint32_t number) {
    constexpr std::string_view kNumber = "{n}";
    for (std::size_t at = text.find(kNumber); at != std::string::npos; at = text.find(kNumber)) {
        text.replace(at, kNumber.size(), std::to_string(number));
    }
    return text;
}

}  // namespace

SensorContext::SensorContext(const Options& sensor_options)
    : options(sensor_options), payload(*PayloadTemplate::parse(sensor_options.payload)) {
    text.resize(payload.size_max());
}

SensorClient::SensorClient(SensorContext& context, std::uint32_t number)
    : context_(&context),
      temperature_(context.options.seed * 0x100000000 + number),
      client_id_(text_from(context.options.client_id, number)),
      topic_(text_from(context.options.topic, number)),
      number_(number),
      discard_session_(
              context.options.qos == 2 && context.options.version != mqtt::ProtocolVersion::v5) {}

// The packet ids of a QoS 2 session that an earlier process left would make the broker take our
// first readings for repetitions of old ones, and drop them. MQTT 5 discards such a session and
// starts a lasting one in one CONNECT; before it, that takes a connection of its own.
void SensorClient::open(SteadyTime now, std::string& out) {
    const bool v5 = options().version == mqtt::ProtocolVersion::v5;
    mqtt::Connect connect;
    connect.version = options().version;
    connect.clean_start = options().qos == 0 || discard_session_ || (v5 && !was_ready_);
    connect.keep_alive_seconds = options().keep_alive_seconds;
    connect.client_id = client_id_;
    const BrokerAddress& broker = options().broker;
    const std::string user = with_number(broker.user.value_or(""), number_);
    const std::string password = with_number(broker.password.value_or(""), number_);
    connect.user_name = broker.user ? std::optional<std::string_view>(user) : std::nullopt;
    connect.password = broker.password ? std::optional<std::string_view>(password) : std::nullopt;
    mqtt::PropertyWriter properties;
    if (v5 && options().qos > 0) {
        properties.add(mqtt::PropertyId::session_expiry_interval, kSessionExpirySeconds);
        connect.properties = properties.properties();
    }
    mqtt::append_connect(out, connect);
    state_ = discard_session_ ? State::discarding : State::connecting;
    last_sent_ = now;
    last_received_ = now;
}

SensorClient::Received SensorClient::receive(
        std::string_view input, SteadyTime now, std::string& out) {
    Received received;
    last_received_ = now;
    while (received.consumed < input.size() && received.verdict == Verdict::keep) {
        const auto frame = mqtt::read_frame(input.substr(received.consumed), options().version);
        if (!frame) {
            received.verdict = protocol_failed(frame.error());
            break;
        }
        const std::optional<mqtt::Frame>& whole = *frame;
        if (!whole) {
            break;
        }
        received.consumed += whole->size;
        received.verdict = handle(*whole, now, out);
    }
    return received;
}

SensorClient::Verdict SensorClient::handle(
        const mqtt::Frame& frame, SteadyTime now, std::string& out) {
    switch (frame.type) {
        case PacketType::puback:
        case PacketType::pubrec:
        case PacketType::pubcomp: return handle_acknowledgement(frame, now, out);
        case PacketType::connack: return handle_connack(frame.body, now, out);
        case PacketType::disconnect: return handle_disconnect(frame.body);
        case PacketType::pingresp: return Verdict::keep;
        default:
            return protocol_failed({mqtt::ReasonCode::protocol_error,
                "the broker sent a packet that nobody asked for"});
    }
}

SensorClient::Verdict SensorClient::handle_connack(
        std::string_view body, SteadyTime now, std::string& out) {
    const auto connack = mqtt::decode_connack(body, decode_context());
    if (!connack) {
        return protocol_failed(connack.error());
    }
    if (connack->reason != mqtt::ReasonCode::success) {
        context_->statistics.last_error = fmt::format(
                "the broker refuses the connection: {}", mqtt::reason_text(connack->reason));
        return Verdict::reconnect_later;
    }
    if (state_ == State::discarding) {
        discard_session_ = false;
        mqtt::append_disconnect(out, {}, options().version);
        return Verdict::reconnect_now;
    }
    using mqtt::PropertyId;
    const auto receive_maximum = connack->properties.number(PropertyId::receive_maximum);
    window_ = static_cast<std::uint16_t>(
            std::min<std::uint32_t>(options().in_flight, receive_maximum.value_or(0xFFFF)));
    if (connack->properties.number(PropertyId::maximum_qos).value_or(2) < options().qos) {
        context_->statistics.last_error =
                fmt::format("the broker does not take QoS {}", options().qos);
        return Verdict::reconnect_later;
    }
    // CONNACK of 3.1 does not tell. Taking the session for kept is then the safe side.
    const bool kept = connack->session_present || options().version == mqtt::ProtocolVersion::v3_1;
    ++context_->statistics.connections;
    if (was_ready_) {
        ++context_->statistics.reconnections;
        if (!kept && options().qos > 0) {
            ++context_->statistics.sessions_lost;
            finish_what_the_broker_took(now);
        }
    }
    was_ready_ = true;
    state_ = State::ready;
    if (outbox_) {
        outbox_->start_connection(kept, window_);
    }
    return Verdict::keep;
}

// The others are published as new.
void SensorClient::finish_what_the_broker_took(SteadyTime now) {
    if (outbox_) {
        outbox_->drop_received([&](std::uint64_t sequence) { finish(sequence, now); });
    }
}

SensorClient::Verdict SensorClient::handle_acknowledgement(
        const mqtt::Frame& frame, SteadyTime now, std::string& out) {
    const auto packet = mqtt::decode_acknowledgement(frame, decode_context());
    if (!packet) {
        return protocol_failed(packet.error());
    }
    if (!outbox_) {
        return Verdict::keep;  // of a session before ours
    }
    using Progress = session::Outbox::Progress;
    const bool failed = mqtt::is_failure(packet->reason);
    const auto [progress, sequence] = outbox_->acknowledge(frame.type, packet->packet_id, failed);
    switch (progress) {
        case Progress::unknown:
        case Progress::held: break;
        case Progress::waiting:
            mqtt::append_acknowledgement(out, PacketType::pubrel, packet->packet_id);
            break;
        case Progress::delivered:
            // PUBCOMP "packet identifier not found" answers a PUBREL sent again: the reading was
            // taken over long ago.
            if (failed && frame.type != PacketType::pubcomp) {
                ++context_->statistics.refused;
                context_->statistics.last_error = fmt::format(
                        "the broker refuses a reading: {}", mqtt::reason_text(packet->reason));
            } else {
                finish(sequence, now);
            }
            break;
    }
    return Verdict::keep;
}

void SensorClient::finish(std::uint64_t sequence, SteadyTime now) {
    ++context_->statistics.acknowledged;
    context_->statistics.latency.record(now - since_of(sequence));
    context_->statistics.last_acknowledgement = now;
    if (!options().record.empty()) {
        fmt::format_to(std::back_inserter(context_->record), "{} {}\n", client_id_, sequence);
    }
}

SensorClient::Verdict SensorClient::handle_disconnect(std::string_view body) {
    const auto disconnect = mqtt::decode_disconnect(body, decode_context());
    if (!disconnect) {
        return protocol_failed(disconnect.error());
    }
    context_->statistics.last_error =
            fmt::format("the broker disconnects: {}", mqtt::reason_text(disconnect->reason));
    return Verdict::reconnect_later;
}

SensorClient::Verdict SensorClient::protocol_failed(const mqtt::DecodeError& error) {
    context_->statistics.last_error =
            fmt::format("the broker's bytes are not MQTT: {}", error.message);
    return Verdict::reconnect_later;
}

bool SensorClient::publish(SteadyTime now, std::string& out) {
    if (!ready()) {
        return false;
    }
    if (outbox_) {
        context_->statistics.resent += outbox_->resend(out);
    }
    while (next_due_ <= now && more_to_come() && window_is_open() && out.size() < kBatchBytes) {
        publish_new(now, out);
    }
    if (!out.empty()) {
        last_sent_ = now;
    }
    const bool due = next_due_ <= now && more_to_come();
    overdue_ = due && !window_is_open();
    return out.size() >= kBatchBytes && due && window_is_open();
}

bool SensorClient::window_is_open() const {
    return options().qos == 0 || !outbox_ || outbox_->has_capacity();
}

void SensorClient::publish_new(SteadyTime now, std::string& out) {
    const bool at_full_speed = options().interval.count() == 0;
    const SteadyTime due = at_full_speed ? now : next_due_;
    const auto wall_clock = std::chrono::floor<std::chrono::microseconds>(
            due.time_since_epoch() + context_->steady_to_system);
    last_reading_ = std::max(SystemTime(wall_clock), last_reading_ + std::chrono::microseconds(1));
    next_due_ += options().interval;
    const std::uint32_t sequence = next_++;
    ++context_->statistics.sent;
    if (!context_->statistics.first_publish) [[unlikely]] {
        context_->statistics.first_publish = now;
    }
    char* const text = context_->text.data();
    const char* const end =
            context_->payload.render({.time = last_reading_,
                                         .sensor = number_,
                                         .sequence = sequence,
                                         .temperature_tenths = temperature_.next(last_reading_)},
                    text);
    mqtt::Publish publish;
    publish.topic = topic_;
    publish.payload = {text, static_cast<std::size_t>(end - text)};
    publish.qos = options().qos;
    if (publish.qos == 0) {
        context_->statistics.last_acknowledgement = now;
        mqtt::append_publish(out, publish, options().version);
        return;
    }
    if (!outbox_) [[unlikely]] {
        outbox_.emplace(static_cast<std::uint16_t>(options().in_flight));
        outbox_->start_connection(false, window_);
        since_.resize(std::bit_ceil(std::size_t{options().in_flight}));
    }
    since_of(sequence) = overdue_ ? due : now;
    outbox_->add(publish, sequence, false, options().version, out);
}

SensorClient::Verdict SensorClient::keep_alive(SteadyTime now, std::string& out) {
    if (state_ == State::closed) {
        return Verdict::keep;
    }
    const std::chrono::seconds interval(options().keep_alive_seconds);
    const auto silence_max = ready() ? interval + interval / 2 : kConnackTimeout;
    if (silence_max.count() > 0 && now - last_received_ > silence_max) {
        context_->statistics.last_error =
                fmt::format("the broker is silent for {} s", silence_max.count());
        return Verdict::reconnect_later;
    }
    // QoS 0 gets no answers: it has to ask for one, also while it publishes.
    const SteadyTime since = options().qos == 0 ? std::min(last_sent_, last_received_) : last_sent_;
    if (ready() && interval.count() > 0 && now - since >= interval) {
        mqtt::append_pingreq(out);
        last_sent_ = now;
    }
    return Verdict::keep;
}

void SensorClient::disconnect(std::string& out) {
    mqtt::Disconnect packet;
    mqtt::PropertyWriter properties;
    if (options().version == mqtt::ProtocolVersion::v5 && options().qos > 0 &&
            unacknowledged() == 0) {
        properties.add(mqtt::PropertyId::session_expiry_interval,
                0);  // nothing is left to be taken up again
        packet.properties = properties.properties();
    }
    mqtt::append_disconnect(out, packet, options().version);
}

SteadyTime SensorClient::wake_at() const {
    return more_to_come() && window_is_open() ? next_due_ : SteadyTime::max();
}

bool SensorClient::more_to_come() const {
    return !context_->stopping && (options().messages_max == 0 || next_ <= options().messages_max);
}

mqtt::DecodeContext SensorClient::decode_context() const {
    return {.version = options().version, .sender = mqtt::Sender::server, .limits = {}};
}

}  // namespace foz::sensor
