// SPDX-License-Identifier: Apache-2.0
#include "tests/support/aws_iot_broker.h"

#include "mqtt/decoder.h"
#include "mqtt/encoder.h"

namespace foz::support {
namespace {

using mqtt::PropertyId;
using mqtt::ReasonCode;
using std::chrono::seconds;

// What AWS says in CONNACK for a payload of 128 KiB: 149,504 bytes.
constexpr std::uint32_t kBytesBesidePayload = 18'432;

}  // namespace

void AwsIotBroker::opened(AwsIotLink& link, AwsIotPeer peer, AwsIotTime now) {
    const double rate = options_.limits.publishes_per_second;
    connections_.emplace(
            &link, std::make_unique<Connection>(Connection{
                       .link = link,
                       .peer = std::move(peer),
                       .heard = now,
                       .in = {rate, now},
                       .out = {rate, now},
                       .stored = {static_cast<double>(options_.stored_per_second), now},
                   }));
}

void AwsIotBroker::receive(AwsIotLink& link, std::string& bytes, AwsIotTime now) {
    std::string_view rest = bytes;
    auto found = connections_.find(&link);
    while (found != connections_.end()) {
        Connection& connection = *found->second;
        const auto frame = mqtt::read_frame(rest,
                connection.session == nullptr ? mqtt::ProtocolVersion::v5 : connection.version,
                options_.limits.payload_bytes + kBytesBesidePayload);
        if (!frame) {
            close(connection, frame.error().reason, now);
            break;
        }
        const std::optional<mqtt::Frame>& whole = *frame;
        if (!whole) {
            break;
        }
        connection.heard = now;
        rest.remove_prefix(whole->size);
        if (!handle(connection, *whole, now)) {
            break;
        }
        found = connections_.find(&link);
    }
    bytes.erase(0, bytes.size() - rest.size());
}

bool AwsIotBroker::handle(Connection& connection, const mqtt::Frame& frame, AwsIotTime now) {
    using mqtt::PacketType;
    if ((connection.session == nullptr) != (frame.type == PacketType::connect)) {
        return close(connection, ReasonCode::protocol_error, now);
    }
    std::string answer;
    switch (frame.type) {
        case PacketType::connect: return handle_connect(connection, frame.body, now);
        case PacketType::publish: return handle_publish(connection, frame, now);
        case PacketType::puback: return handle_puback(connection, frame, now);
        case PacketType::subscribe: return handle_subscribe(connection, frame.body, now);
        case PacketType::unsubscribe: return handle_unsubscribe(connection, frame.body, now);
        case PacketType::disconnect: return handle_disconnect(connection, frame, now);
        case PacketType::pingreq:
            mqtt::append_pingresp(answer);
            connection.link.send(answer);
            return true;
        default: return close(connection, ReasonCode::protocol_error, now);
    }
}

bool AwsIotBroker::handle_connect(Connection& connection, std::string_view body, AwsIotTime now) {
    const auto packet = mqtt::decode_connect(body, {});
    if (!packet) {
        connection.version = mqtt::version_to_refuse_in(body).value_or(connection.version);
        return refuse_connect(connection, "", packet.error().reason);
    }
    connection.version = packet->version;
    const ReasonCode reason = why_not(connection, *packet);
    if (mqtt::is_failure(reason)) {
        return refuse_connect(connection, packet->client_id, reason);
    }
    Session& session = session_for(*packet, now);
    connection.session = &session;
    session.connection = &connection;
    apply(connection, *packet, now);
    send_connack(connection);
    send_waiting(session, now);
    return true;
}

mqtt::ReasonCode AwsIotBroker::why_not(Connection& connection, const mqtt::Connect& packet) {
    if (packet.version == mqtt::ProtocolVersion::v3_1) {
        return ReasonCode::unsupported_protocol_version;
    }
    if (packet.client_id.size() > options_.limits.client_id_bytes ||
            packet.client_id.starts_with('$')) {
        return ReasonCode::client_identifier_not_valid;
    }
    if (packet.will && packet.will->qos > options_.limits.qos_max) {
        return ReasonCode::qos_not_supported;
    }
    return identify(connection, packet);
}

mqtt::ReasonCode AwsIotBroker::identify(Connection& connection, const mqtt::Connect& packet) {
    std::string name = connection.peer.certificate;
    if (connection.peer.custom_authorizer) {
        name = packet.user_name.value_or("");
        const auto known = options_.authorizer.find(name);
        if (known == options_.authorizer.end() || known->second != packet.password.value_or("")) {
            return ReasonCode::not_authorized;
        }
    }
    if (options_.policies.empty()) {
        return ReasonCode::success;
    }
    const auto policy = std::ranges::find(options_.policies, name, &AwsIotPolicy::certificate);
    if (policy == options_.policies.end() || !policy->active ||
            !aws_iot_permits(policy->connect, packet.client_id, packet.client_id)) {
        return ReasonCode::not_authorized;
    }
    connection.policy = &*policy;
    return ReasonCode::success;
}

bool AwsIotBroker::refuse_connect(
        Connection& connection, std::string_view id, mqtt::ReasonCode reason) {
    refusals.push_back({std::string(id), std::string(mqtt::reason_text(reason))});
    // MQTT 3.1.1 learns of a wrong version and client id only; other refusals end without a word.
    const bool said = reason == ReasonCode::unsupported_protocol_version ||
                      reason == ReasonCode::client_identifier_not_valid;
    if (connection.version == mqtt::ProtocolVersion::v5 || said) {
        std::string answer;
        mqtt::append_connack(answer, {.session_present = false, .reason = reason, .properties = {}},
                connection.version);
        connection.link.send(answer);
    }
    AwsIotLink& link = connection.link;
    connections_.erase(&link);
    link.close();
    return false;
}

AwsIotBroker::Session& AwsIotBroker::session_for(const mqtt::Connect& packet, AwsIotTime now) {
    expire_sessions(now);
    std::string id(packet.client_id);
    if (id.empty()) {
        id = "$GEN/" + std::to_string(++generated_ids_);
    }
    const auto old = sessions_.find(id);
    if (old != sessions_.end() && old->second->connection != nullptr) {
        const bool kept = old->second->expiry.count() > 0;
        close(*old->second->connection, ReasonCode::session_taken_over, now);
        if (!kept || packet.clean_start) {
            sessions_.erase(id);
        }
    } else if (old != sessions_.end() && packet.clean_start) {
        sessions_.erase(old);
    }
    const auto [place, fresh] = sessions_.try_emplace(id, nullptr);
    if (fresh) {
        place->second = std::make_unique<Session>();
        place->second->client_id = id;
    }
    place->second->resumed = !fresh;
    return *place->second;
}

void AwsIotBroker::apply(
        Connection& connection, const mqtt::Connect& packet, AwsIotTime now) const {
    Session& session = *connection.session;
    const auto wanted = packet.properties.number(PropertyId::session_expiry_interval).value_or(0);
    const bool v5 = packet.version == mqtt::ProtocolVersion::v5;
    if (v5) {
        session.expiry = std::min(seconds(wanted), options_.limits.session_expiry_max);
    } else {
        session.expiry = packet.clean_start ? seconds(0) : options_.session_expiry;
    }
    const seconds keep_alive(packet.keep_alive_seconds);
    connection.keep_alive = keep_alive.count() == 0
                                    ? options_.limits.keep_alive_max
                                    : std::clamp(keep_alive, options_.limits.keep_alive_min,
                                              options_.limits.keep_alive_max);
    connection.receive_maximum = std::min<std::uint16_t>(options_.limits.in_flight_in,
            static_cast<std::uint16_t>(
                    packet.properties.number(PropertyId::receive_maximum).value_or(65'535)));
    connection.heard = now;
    if (packet.will) {
        connection.will = Message{
            .topic = std::string(packet.will->topic),
            .payload = std::string(packet.will->payload),
            .properties = {},
            .qos = packet.will->qos,
            .retain = packet.will->retain,
        };
        packet.will->properties.append_message_properties(connection.will->properties);
    }
}

void AwsIotBroker::send_connack(Connection& connection) const {
    const Session& session = *connection.session;
    const config::RemoteLimits& limits = options_.limits;
    mqtt::PropertyWriter writer;
    writer.add(PropertyId::session_expiry_interval,
            static_cast<std::uint32_t>(session.expiry.count()));
    writer.add(PropertyId::receive_maximum, limits.in_flight_out);
    writer.add(PropertyId::maximum_qos, limits.qos_max);
    writer.add(PropertyId::retain_available, 1);
    writer.add(PropertyId::maximum_packet_size, limits.payload_bytes + kBytesBesidePayload);
    if (session.client_id.starts_with('$')) {
        writer.add(PropertyId::assigned_client_identifier, session.client_id);
    }
    writer.add(PropertyId::topic_alias_maximum, limits.topic_aliases);
    writer.add(PropertyId::wildcard_subscription_available, 1);
    writer.add(PropertyId::subscription_identifier_available, 0);
    writer.add(PropertyId::shared_subscription_available, 1);
    writer.add(PropertyId::server_keep_alive,
            static_cast<std::uint32_t>(connection.keep_alive.count()));
    std::string answer;
    mqtt::append_connack(answer,
            {.session_present = session.resumed, .properties = writer.properties()},
            connection.version);
    connection.link.send(answer);
}

bool AwsIotBroker::handle_disconnect(
        Connection& connection, const mqtt::Frame& frame, AwsIotTime now) {
    const auto packet = mqtt::decode_disconnect(frame.body, {.version = connection.version});
    if (!packet) {
        return close(connection, packet.error().reason, now);
    }
    const auto expiry = packet->properties.number(PropertyId::session_expiry_interval);
    if (expiry) {
        connection.session->expiry = std::min(seconds(*expiry), options_.limits.session_expiry_max);
    }
    AwsIotLink& link = connection.link;
    drop(connection, packet->reason == ReasonCode::disconnect_with_will, now);
    link.close();
    return false;
}

bool AwsIotBroker::close(Connection& connection, mqtt::ReasonCode reason, AwsIotTime now) {
    const Session* session = connection.session;
    refusals.push_back(
            {session == nullptr ? "" : session->client_id, std::string(mqtt::reason_text(reason))});
    AwsIotLink& link = connection.link;
    if (session != nullptr && connection.version == mqtt::ProtocolVersion::v5) {
        std::string answer;
        mqtt::append_disconnect(answer, {.reason = reason, .properties = {}}, connection.version);
        link.send(answer);
    }
    drop(connection, true, now);
    link.close();
    return false;
}

void AwsIotBroker::gone(AwsIotLink& link, AwsIotTime now) {
    const auto found = connections_.find(&link);
    if (found != connections_.end()) {
        drop(*found->second, true, now);
    }
}

void AwsIotBroker::drop(Connection& connection, bool with_will, AwsIotTime now) {
    std::optional<Message> will;
    if (with_will) {
        will = std::move(connection.will);
    }
    if (connection.session != nullptr) {
        leave(*connection.session, now);
    }
    connections_.erase(&connection.link);
    if (will) {
        route(std::move(*will), now);
    }
}

void AwsIotBroker::leave(Session& session, AwsIotTime now) {
    session.connection = nullptr;
    session.left = now;
    if (session.expiry.count() == 0) {
        sessions_.erase(sessions_.find(session.client_id));
        return;
    }
    // What the client has not acknowledged comes first when it is back.
    std::deque<Delivery> later;
    for (Delivery& sent : session.unacknowledged) {
        sent.again = true;
        later.push_back(std::move(sent));
    }
    for (std::deque<Delivery>* queue : {&session.stored, &session.waiting}) {
        std::ranges::copy_if(
                *queue, std::back_inserter(later), [](const Delivery& one) { return one.qos > 0; });
        queue->clear();
    }
    session.unacknowledged.clear();
    session.stored = std::move(later);
}

void AwsIotBroker::expire_sessions(AwsIotTime now) {
    std::erase_if(sessions_, [&](const auto& entry) {
        const Session& session = *entry.second;
        return session.connection == nullptr && now - session.left >= session.expiry;
    });
}

void AwsIotBroker::tick(AwsIotTime now) {
    expire_sessions(now);
    std::vector<AwsIotLink*> links;
    links.reserve(connections_.size());
    for (const auto& [link, connection] : connections_) {
        links.push_back(link);
    }
    for (AwsIotLink* link : links) {
        const auto found = connections_.find(link);
        if (found == connections_.end() || found->second->session == nullptr) {
            continue;
        }
        Connection& connection = *found->second;
        // One and a half times the keep-alive [MQTT-3.1.2-24].
        if (2 * (now - connection.heard) > 3 * connection.keep_alive) {
            close(connection, ReasonCode::keep_alive_timeout, now);
            continue;
        }
        acknowledge(connection, now);
        send_waiting(*connection.session, now);
    }
}

bool AwsIotBroker::disconnect(std::string_view client_id, AwsIotTime now) {
    const auto found = sessions_.find(client_id);
    if (found == sessions_.end() || found->second->connection == nullptr) {
        return false;
    }
    close(*found->second->connection, ReasonCode::server_busy, now);
    return true;
}

std::vector<AwsIotSession> AwsIotBroker::sessions() const {
    std::vector<AwsIotSession> views;
    for (const auto& [id, session] : sessions_) {
        const bool connected = session->connection != nullptr;
        AwsIotSession view{
            .client_id = id,
            .connected = connected,
            .resumed = session->resumed,
            .filters = {},
            .stored = session->stored.size() + session->waiting.size(),
            .unacknowledged = session->unacknowledged.size(),
            .keep_alive = connected ? session->connection->keep_alive : seconds(0),
            .expiry = session->expiry,
        };
        for (const auto& [filter, qos] : session->filters) {
            view.filters.push_back(filter);
        }
        views.push_back(std::move(view));
    }
    return views;
}

}  // namespace foz::support
