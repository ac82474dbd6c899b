// SPDX-License-Identifier: Apache-2.0
// Drives a ClientProtocol without sockets, as a script: say what the broker sends, see what foz
// answers and what its owner is told.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "client/client_protocol.h"
#include "mqtt/encoder.h"

namespace foz::client {

inline SessionTerms terms(mqtt::ProtocolVersion version = mqtt::ProtocolVersion::v5) {
    SessionTerms made;
    made.version = version;
    made.client_id = "foz-1";
    made.session_expiry = std::chrono::hours(1);
    return made;
}

inline SessionTerms subscribing(
        std::vector<Filter> filters, mqtt::ProtocolVersion version = mqtt::ProtocolVersion::v5) {
    SessionTerms made = terms(version);
    made.filters = std::move(filters);
    return made;
}

class ScriptedBroker final : public Receiver {
  public:
    explicit ScriptedBroker(SessionTerms terms)
        : version_(terms.version), protocol_(std::move(terms), session_) {}

    /// A connection is made; returns the CONNECT.
    std::string open() {
        std::string out;
        protocol_.open(now_, out);
        return out;
    }
    /// The connection is lost.
    void close() {
        protocol_.close();
        input_.clear();
    }
    /// Returns what foz answers.
    std::string send(std::string_view bytes) {
        input_ += bytes;
        std::string out;
        input_.erase(0, protocol_.consume(input_, now_, *this, out));
        return out;
    }
    std::string connack(const mqtt::Connack& packet = {}) {
        std::string bytes;
        mqtt::append_connack(bytes, packet, version_);
        return send(bytes);
    }
    std::string suback(std::uint16_t packet_id, std::vector<mqtt::ReasonCode> reasons) {
        std::string bytes;
        mqtt::append_suback(bytes,
                {.packet_id = packet_id, .reasons = std::move(reasons), .properties = {}},
                version_);
        return send(bytes);
    }
    std::string publish(const mqtt::Publish& packet) {
        std::string bytes;
        mqtt::append_publish(bytes, packet, version_);
        return send(bytes);
    }
    std::string answer(mqtt::PacketType type, std::uint16_t packet_id,
            mqtt::ReasonCode reason = mqtt::ReasonCode::success) {
        std::string bytes;
        mqtt::append_acknowledgement(bytes, type,
                {.packet_id = packet_id, .reason = reason, .properties = {}}, version_);
        return send(bytes);
    }
    std::string acknowledge(mqtt::PacketType type, std::uint16_t packet_id) {
        std::string out;
        protocol_.acknowledge({.type = type, .packet_id = packet_id}, out);
        return out;
    }
    std::string foz_publishes(std::string_view topic, std::uint8_t qos, std::uint64_t tag) {
        std::string out;
        protocol_.publish(
                {.message = {.topic = topic, .payload = "x", .qos = qos}, .tag = tag}, *this, out);
        return out;
    }
    std::string time_passes(std::chrono::seconds time, bool reading = true) {
        now_ += time;
        std::string out;
        protocol_.keep_alive(now_, reading, out);
        return out;
    }
    /// Opens a connection that is accepted and whose subscriptions are granted.
    void become_ready(bool session_present = false) {
        open();
        connack({.session_present = session_present});
        if (protocol_.state() == ClientProtocol::State::subscribing) {
            suback(kSubscribeId,
                    std::vector(protocol_.terms().filters.size(), mqtt::ReasonCode::granted_qos_2));
        }
        (void)told();
    }

    /// What the owner was told since the last call, one word or two for each.
    std::vector<std::string> told() { return std::exchange(told_, {}); }
    [[nodiscard]] ClientProtocol& protocol() { return protocol_; }
    [[nodiscard]] session::Session& session() { return *session_; }

    /// The packet id of the first SUBSCRIBE.
    static constexpr std::uint16_t kSubscribeId = session::Outbox::kCapacityMax + 1;

  private:
    void on_session(bool present) override { told_.emplace_back(present ? "resumed" : "new"); }
    void on_message(const mqtt::Publish& message) override {
        told_.push_back(fmt::format("{}={}", message.topic, message.payload));
    }
    void on_release(std::uint16_t packet_id) override {
        told_.push_back(fmt::format("release {}", packet_id));
    }
    void on_answer_due(Answer answer) override {
        told_.push_back(fmt::format("{} {}", mqtt::packet_name(answer.type), answer.packet_id));
    }
    void on_delivered(std::uint64_t tag, mqtt::ReasonCode reason) override {
        told_.push_back(mqtt::is_failure(reason) ? fmt::format("refused {}", tag)
                                                 : fmt::format("delivered {}", tag));
    }

    std::shared_ptr<session::Session> session_ =
            std::make_shared<session::Session>("$source/test", session::kNeverExpires);
    mqtt::ProtocolVersion version_;
    ClientProtocol protocol_;
    SteadyTime now_{std::chrono::hours(1)};
    std::string input_;
    std::vector<std::string> told_;
};

}  // namespace foz::client
