// SPDX-License-Identifier: Apache-2.0
#include "tests/support/aws_iot_client.h"

#include <stdexcept>

#include "mqtt/frame.h"

namespace foz::support {

using mqtt::PacketType;
using mqtt::PropertyId;

void AwsIotClient::connect(const AwsIotConnect& as) {
    mqtt::PropertyWriter properties;
    if (as.version == mqtt::ProtocolVersion::v5) {
        properties.add(PropertyId::session_expiry_interval, as.session_expiry);
    }
    mqtt::Connect packet{
        .version = as.version,
        .clean_start = as.clean,
        .keep_alive_seconds = as.keep_alive,
        .client_id = as.client_id,
        .properties = properties.properties(),
    };
    if (!as.user_name.empty()) {
        packet.user_name = as.user_name;
        packet.password = as.password;
    }
    std::string bytes;
    mqtt::append_connect(bytes, packet);
    send(bytes);
}

void AwsIotClient::publish(std::string_view topic, std::string_view payload, std::uint8_t qos,
        std::uint16_t packet_id, bool retain) {
    std::string bytes;
    mqtt::append_publish(bytes,
            {.topic = topic,
                .payload = payload,
                .packet_id = qos == 0 ? std::uint16_t{0} : packet_id,
                .qos = qos,
                .retain = retain},
            version_);
    send(bytes);
}

void AwsIotClient::subscribe(const std::vector<std::string>& filters, std::uint8_t qos) {
    mqtt::Subscribe packet{.packet_id = 1};
    for (const std::string& filter : filters) {
        packet.subscriptions.push_back({.filter = filter, .qos = qos});
    }
    std::string bytes;
    mqtt::append_subscribe(bytes, packet, version_);
    send(bytes);
}

void AwsIotClient::acknowledge(std::uint16_t packet_id) {
    std::string bytes;
    mqtt::append_acknowledgement(bytes, PacketType::puback, packet_id);
    send(bytes);
}

AwsIotAnswer AwsIotClient::answer() {
    const auto bytes = tls_.packet();
    if (!bytes) {
        return {};
    }
    const auto found = mqtt::read_frame(*bytes, version_).value();
    if (!found) {
        throw std::runtime_error("half a packet");
    }
    const mqtt::Frame& frame = *found;
    const mqtt::DecodeContext context{.version = version_, .sender = mqtt::Sender::server};
    AwsIotAnswer answer{.type = frame.type};
    switch (frame.type) {
        case PacketType::connack: {
            const auto packet = mqtt::decode_connack(frame.body, context).value();
            answer.reason = packet.reason;
            answer.session_present = packet.session_present;
            answer.keep_alive = packet.properties.number(PropertyId::server_keep_alive);
            answer.in_flight = packet.properties.number(PropertyId::receive_maximum);
            break;
        }
        case PacketType::publish: {
            const auto packet = mqtt::decode_publish(frame, context).value();
            answer.packet_id = packet.packet_id;
            answer.topic = packet.topic;
            answer.payload = packet.payload;
            answer.qos = packet.qos;
            answer.dup = packet.dup;
            answer.retain = packet.retain;
            break;
        }
        case PacketType::puback:
            answer.packet_id = mqtt::decode_acknowledgement(frame, context).value().packet_id;
            break;
        case PacketType::suback:
            answer.reasons = mqtt::decode_suback(frame.body, context).value().reasons;
            answer.reason = answer.reasons.front();
            break;
        case PacketType::disconnect:
            answer.reason = mqtt::decode_disconnect(frame.body, context).value().reason;
            break;
        default: break;
    }
    return answer;
}

std::string AwsIotClient::last_word() {
    std::string word = "closed";
    if (version_ == mqtt::ProtocolVersion::v5) {
        const auto last = answer();
        if (!last || last.type != PacketType::disconnect) {
            return last ? "not a DISCONNECT" : "no DISCONNECT";
        }
        word = mqtt::reason_text(last.reason);
    }
    return tls_.closed() ? word : "still open";
}

std::string AwsIotRig::device(const std::string& name) {
    return server.authority().device(name);
}

TlsSocketOptions AwsIotRig::door(const std::string& certificate) {
    return {.port = server.port(), .tls = server.authority().client_tls(certificate)};
}

AwsIotClient AwsIotRig::connected(const AwsIotConnect& as) {
    if (usual_.empty()) {
        usual_ = device("device");
    }
    AwsIotClient client(door(usual_), as.version);
    client.connect(as);
    const auto connack = client.answer();
    if (!connack || connack.type != PacketType::connack || is_failure(connack.reason)) {
        throw std::runtime_error("the stand-in does not let " + as.client_id + " in");
    }
    return client;
}

}  // namespace foz::support
