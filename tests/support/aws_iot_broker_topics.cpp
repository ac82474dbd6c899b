// SPDX-License-Identifier: Apache-2.0
#include "mqtt/decoder.h"
#include "mqtt/encoder.h"
#include "mqtt/topic.h"
#include "tests/support/aws_iot_broker.h"

namespace foz::support {
namespace {

using mqtt::PropertyId;
using mqtt::ReasonCode;

/// As AWS matches: "a/#" does not match "a".
bool matches(std::string_view filter, std::string_view topic) {
    const bool parent = filter.ends_with("/#") && filter.size() == topic.size() + 2;
    return mqtt::topic_matches(filter, topic) && !parent;
}

}  // namespace

mqtt::ReasonCode AwsIotBroker::why_not_topic(std::string_view topic) const {
    const std::string_view counted = config::counted_part(topic);
    const auto levels = static_cast<std::size_t>(std::ranges::count(counted, '/')) + 1;
    const bool reserved =
            topic.starts_with('$') && !topic.starts_with("$aws/") && !topic.starts_with("$share/");
    const bool good = counted.size() <= options_.limits.topic_bytes &&
                      levels <= options_.limits.topic_levels && !reserved;
    return good ? ReasonCode::success : ReasonCode::topic_name_invalid;
}

mqtt::ReasonCode AwsIotBroker::why_not(
        const Connection& connection, const mqtt::Subscribe& packet) const {
    const std::size_t before = connection.session->filters.size();
    if (packet.subscriptions.size() > options_.limits.subscriptions_per_packet ||
            before + packet.subscriptions.size() > options_.limits.subscriptions) {
        return ReasonCode::quota_exceeded;
    }
    if (packet.properties.has(PropertyId::subscription_identifier)) {
        return ReasonCode::subscription_identifiers_not_supported;
    }
    for (const mqtt::Subscription& wanted : packet.subscriptions) {
        if (wanted.qos > options_.limits.qos_max) {
            return ReasonCode::qos_not_supported;
        }
        if (mqtt::is_failure(why_not_topic(wanted.filter)) ||
                wanted.filter.starts_with("$aws/rules/")) {
            return ReasonCode::topic_filter_invalid;
        }
    }
    return ReasonCode::success;
}

bool AwsIotBroker::may_subscribe(const Connection& connection, std::string_view filter) const {
    if (connection.policy == nullptr) {
        return true;
    }
    const auto& allowed = connection.policy->subscribe;
    const std::string& id = connection.session->client_id;
    const auto shared = mqtt::parse_shared_filter(filter);
    return aws_iot_permits(allowed, id, filter) ||
           (shared && aws_iot_permits(allowed, id, shared->filter));
}

bool AwsIotBroker::handle_subscribe(Connection& connection, std::string_view body, AwsIotTime now) {
    const auto packet = mqtt::decode_subscribe(body, {.version = connection.version});
    if (!packet) {
        return close(connection, packet.error().reason, now);
    }
    subscribes.push_back(packet->subscriptions.size());
    const ReasonCode reason = why_not(connection, *packet);
    if (mqtt::is_failure(reason)) {
        return close(connection, reason, now);
    }
    Session& session = *connection.session;
    mqtt::Suback suback{.packet_id = packet->packet_id, .reasons = {}, .properties = {}};
    std::vector<mqtt::Subscription> granted;
    for (const mqtt::Subscription& wanted : packet->subscriptions) {
        if (!may_subscribe(connection, wanted.filter)) {
            suback.reasons.push_back(ReasonCode::not_authorized);
            continue;
        }
        suback.reasons.push_back(static_cast<ReasonCode>(wanted.qos));
        session.filters[std::string(wanted.filter)] = wanted.qos;
        granted.push_back(wanted);
    }
    std::string answer;
    mqtt::append_suback(answer, suback, connection.version);
    connection.link.send(answer);
    for (const mqtt::Subscription& one : granted) {
        send_retained(session, one, now);
    }
    return true;
}

void AwsIotBroker::send_retained(
        Session& session, const mqtt::Subscription& wanted, AwsIotTime now) {
    const auto found = retained_.find(std::string(wanted.filter));
    constexpr std::uint8_t kDoNotSend = 2;
    if (found != retained_.end() && wanted.retain_handling != kDoNotSend) {
        deliver(session,
                {.message = found->second,
                    .qos = std::min(found->second->qos, wanted.qos),
                    .retain = true},
                now);
    }
}

bool AwsIotBroker::handle_unsubscribe(
        Connection& connection, std::string_view body, AwsIotTime now) {
    const auto packet = mqtt::decode_unsubscribe(body, {.version = connection.version});
    if (!packet) {
        return close(connection, packet.error().reason, now);
    }
    mqtt::Unsuback unsuback{.packet_id = packet->packet_id, .reasons = {}, .properties = {}};
    for (const std::string_view filter : packet->filters) {
        const bool was_there = connection.session->filters.erase(std::string(filter)) > 0;
        if (connection.version == mqtt::ProtocolVersion::v5) {
            unsuback.reasons.push_back(
                    was_there ? ReasonCode::success : ReasonCode::no_subscription_existed);
        }
    }
    std::string answer;
    mqtt::append_unsuback(answer, unsuback, connection.version);
    connection.link.send(answer);
    return true;
}

bool AwsIotBroker::resolve_alias(Connection& connection, mqtt::Publish& packet) const {
    if (packet.topic_alias == 0) {
        return true;
    }
    if (packet.topic_alias > options_.limits.topic_aliases) {
        return false;
    }
    std::string& topic = connection.aliases[packet.topic_alias];
    if (!packet.topic.empty()) {
        topic = packet.topic;
    }
    packet.topic = topic;
    return !topic.empty();
}

bool AwsIotBroker::may_publish(const Connection& connection, const mqtt::Publish& packet) {
    const AwsIotPolicy* policy = connection.policy;
    const auto permits = [&](const std::vector<std::string>& resources) {
        return aws_iot_permits(resources, connection.session->client_id, packet.topic);
    };
    return policy == nullptr ||
           (permits(policy->publish) && (!packet.retain || permits(policy->retain_publish)));
}

mqtt::ReasonCode AwsIotBroker::why_not(
        const Connection& connection, const mqtt::Publish& packet) const {
    if (packet.qos > options_.limits.qos_max) {
        return ReasonCode::qos_not_supported;
    }
    if (packet.payload.size() > options_.limits.payload_bytes) {
        return ReasonCode::packet_too_large;
    }
    if (packet.retain && packet.topic.starts_with('$')) {
        return ReasonCode::retain_not_supported;
    }
    if (!may_publish(connection, packet)) {
        return ReasonCode::not_authorized;
    }
    if (connection.acknowledgements.size() >= options_.limits.in_flight_out && packet.qos > 0) {
        return ReasonCode::receive_maximum_exceeded;
    }
    return why_not_topic(packet.topic);
}

bool AwsIotBroker::handle_publish(
        Connection& connection, const mqtt::Frame& frame, AwsIotTime now) {
    auto packet = mqtt::decode_publish(frame, {.version = connection.version});
    if (!packet) {
        return close(connection, packet.error().reason, now);
    }
    if (!resolve_alias(connection, *packet)) {
        return close(connection, ReasonCode::topic_alias_invalid, now);
    }
    const ReasonCode reason = why_not(connection, *packet);
    if (mqtt::is_failure(reason)) {
        return close(connection, reason, now);
    }
    if (!connection.in.take(now)) {
        ++discarded;
        return true;
    }
    Message message{
        .topic = std::string(packet->topic),
        .payload = std::string(packet->payload),
        .properties = {},
        .qos = packet->qos,
        .retain = packet->retain,
    };
    packet->properties.append_message_properties(message.properties);
    received.push_back({connection.session->client_id, message.topic, message.payload, message.qos,
        message.retain});
    route(std::move(message), now);
    ++publishes_in_;
    if (options_.disconnect_every != 0 && publishes_in_ % options_.disconnect_every == 0) {
        return close(connection, ReasonCode::server_busy, now);
    }
    if (packet->qos > 0) {
        connection.acknowledgements.push_back({now + options_.puback_delay, packet->packet_id});
        in_flight_most = std::max(in_flight_most, connection.acknowledgements.size());
        acknowledge(connection, now);
    }
    return true;
}

void AwsIotBroker::acknowledge(Connection& connection, AwsIotTime now) {
    std::string answer;
    while (!connection.acknowledgements.empty() && connection.acknowledgements.front().due <= now) {
        mqtt::append_acknowledgement(
                answer, mqtt::PacketType::puback, connection.acknowledgements.front().packet_id);
        connection.acknowledgements.pop_front();
    }
    if (!answer.empty()) {
        connection.link.send(answer);
    }
}

bool AwsIotBroker::handle_puback(Connection& connection, const mqtt::Frame& frame, AwsIotTime now) {
    const auto packet = mqtt::decode_acknowledgement(frame, {.version = connection.version});
    if (!packet) {
        return close(connection, packet.error().reason, now);
    }
    Session& session = *connection.session;
    std::erase_if(session.unacknowledged,
            [&](const Delivery& sent) { return sent.packet_id == packet->packet_id; });
    send_waiting(session, now);
    return true;
}

void AwsIotBroker::publish(AwsIotMessage message, AwsIotTime now) {
    route({.topic = std::move(message.topic),
              .payload = std::move(message.payload),
              .properties = {},
              .qos = message.qos,
              .retain = message.retain},
            now);
}

void AwsIotBroker::route(Message message, AwsIotTime now) {
    const auto shared = std::make_shared<const Message>(std::move(message));
    if (shared->retain && shared->payload.empty()) {
        retained_.erase(shared->topic);
    } else if (shared->retain) {
        retained_[shared->topic] = shared;
    }
    // Once for each client, at the highest QoS of its filters; once for each share.
    std::map<Session*, std::uint8_t> receivers;
    std::map<std::string, std::uint8_t> shares;
    for (const auto& [id, session] : sessions_) {
        for (const auto& [filter, qos] : session->filters) {
            const auto share = mqtt::parse_shared_filter(filter);
            if (!matches(share ? share->filter : std::string_view(filter), shared->topic)) {
                continue;
            }
            if (share) {
                shares[filter] = qos;
            } else {
                receivers[session.get()] = std::max(receivers[session.get()], qos);
            }
        }
    }
    for (const auto& [session, qos] : receivers) {
        deliver(*session, {.message = shared, .qos = std::min(qos, shared->qos)}, now);
    }
    for (const auto& [filter, qos] : shares) {
        deliver(*next_member(filter), {.message = shared, .qos = std::min(qos, shared->qos)}, now);
    }
}

AwsIotBroker::Session* AwsIotBroker::next_member(const std::string& shared_filter) {
    std::vector<Session*> connected;
    std::vector<Session*> away;
    for (const auto& [id, session] : sessions_) {
        if (session->filters.contains(shared_filter)) {
            (session->connection != nullptr ? connected : away).push_back(session.get());
        }
    }
    const auto& members = connected.empty() ? away : connected;
    return members[share_turns_[shared_filter]++ % members.size()];
}

void AwsIotBroker::deliver(Session& session, Delivery delivery, AwsIotTime now) {
    if (session.connection == nullptr) {
        if (delivery.qos > 0) {
            session.stored.push_back(std::move(delivery));
        }
        return;
    }
    session.waiting.push_back(std::move(delivery));
    send_waiting(session, now);
}

bool AwsIotBroker::has_capacity(const Session& session) const {
    return session.unacknowledged.size() < session.connection->receive_maximum;
}

void AwsIotBroker::send_waiting(Session& session, AwsIotTime now) {
    Connection& connection = *session.connection;
    const auto may_go = [&](const std::deque<Delivery>& queue) {
        return !queue.empty() && (queue.front().qos == 0 || has_capacity(session));
    };
    while (may_go(session.stored) && connection.stored.take(now)) {
        Delivery next = std::move(session.stored.front());
        session.stored.pop_front();
        send(session, std::move(next));
    }
    while (may_go(session.waiting) && connection.out.take(now)) {
        Delivery next = std::move(session.waiting.front());
        session.waiting.pop_front();
        send(session, std::move(next));
    }
}

void AwsIotBroker::send(Session& session, Delivery delivery) {
    Connection& connection = *session.connection;
    if (connection.policy != nullptr && !aws_iot_permits(connection.policy->receive,
                                                session.client_id, delivery.message->topic)) {
        return;
    }
    if (delivery.qos == 0) {
        write(connection, delivery);
        return;
    }
    if (delivery.packet_id == 0) {
        delivery.packet_id = new_packet_id(session);
    }
    write(connection, delivery);
    session.unacknowledged.push_back(delivery);
    ++publishes_out_;
    if (options_.resend_every != 0 && publishes_out_ % options_.resend_every == 0) {
        delivery.packet_id = new_packet_id(session);
        delivery.again = false;
        write(connection, delivery);
        session.unacknowledged.push_back(std::move(delivery));
    }
}

void AwsIotBroker::write(Connection& connection, const Delivery& delivery) {
    const Message& message = *delivery.message;
    mqtt::Publish packet{
        .topic = message.topic,
        .payload = message.payload,
        .packet_id = delivery.packet_id,
        .qos = delivery.qos,
        .retain = delivery.retain,
        .dup = delivery.again,
        .properties = mqtt::Properties::from_validated(message.properties),
    };
    std::string bytes;
    mqtt::append_publish(bytes, packet, connection.version);
    connection.link.send(bytes);
}

std::uint16_t AwsIotBroker::new_packet_id(Session& session) {
    const auto used = [&](std::uint16_t id) {
        const auto has_id = [id](const Delivery& one) { return one.packet_id == id; };
        return id == 0 || std::ranges::any_of(session.unacknowledged, has_id) ||
               std::ranges::any_of(session.stored, has_id);
    };
    do {
        ++session.last_packet_id;
    } while (used(session.last_packet_id));
    return session.last_packet_id;
}

}  // namespace foz::support
