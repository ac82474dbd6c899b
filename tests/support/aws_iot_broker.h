// SPDX-License-Identifier: Apache-2.0
// The MQTT side of AwsIotStandIn: sessions, topics, limits and policies, without sockets and TLS.
// aws_iot_stand_in.h says what it does and how that is known. One thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/frame.h"
#include "mqtt/packet.h"
#include "tests/support/aws_iot_stand_in.h"

namespace foz::support {

using AwsIotTime = std::chrono::steady_clock::time_point;

/// A client's connection, as the broker sees it. Implemented by the TLS connection.
class AwsIotLink {
  public:
    AwsIotLink() = default;
    virtual ~AwsIotLink() = default;
    AwsIotLink(const AwsIotLink&) = delete;
    AwsIotLink& operator=(const AwsIotLink&) = delete;

    virtual void send(std::string_view bytes) = 0;
    /// After what was sent has left. AwsIotBroker::gone is not called for it.
    virtual void close() = 0;
};

/// Who a link turned out to be in TLS.
struct AwsIotPeer {
    std::string certificate;         // common name; "" without one
    bool custom_authorizer = false;  // ALPN "mqtt": CONNECT has to have a user name and password
};

/// At most so many a second, and so many at once.
class AwsIotRate {
  public:
    AwsIotRate(double per_second, AwsIotTime now)
        : per_second_(per_second), left_(per_second), then_(now) {}

    [[nodiscard]] bool take(AwsIotTime now) {
        const std::chrono::duration<double> passed = now - then_;
        left_ = std::min(per_second_, left_ + passed.count() * per_second_);
        then_ = now;
        if (left_ < 1) {
            return false;
        }
        left_ -= 1;
        return true;
    }

  private:
    double per_second_;
    double left_;
    AwsIotTime then_;
};

class AwsIotBroker {
  public:
    explicit AwsIotBroker(AwsIotOptions options) : options_(std::move(options)) {}

    void opened(AwsIotLink& link, AwsIotPeer peer, AwsIotTime now);
    /// Takes all whole packets off `bytes`. May close the link.
    void receive(AwsIotLink& link, std::string& bytes, AwsIotTime now);
    /// The client has closed the connection, or it broke.
    void gone(AwsIotLink& link, AwsIotTime now);
    /// What time brings: to be called every few milliseconds.
    void tick(AwsIotTime now);

    void publish(AwsIotMessage message, AwsIotTime now);
    bool disconnect(std::string_view client_id, AwsIotTime now);

    // What has happened, for the test.
    [[nodiscard]] std::vector<AwsIotSession> sessions() const;
    std::vector<AwsIotMessage> received;
    std::vector<AwsIotRefusal> refusals;
    std::vector<std::size_t> subscribes;
    std::size_t discarded = 0;
    std::size_t in_flight_most = 0;

  private:
    struct Message {
        std::string topic;
        std::string payload;
        std::string properties;  // of the message
        std::uint8_t qos = 0;
        bool retain = false;
    };
    using MessagePointer = std::shared_ptr<const Message>;

    /// A message on its way to one client.
    struct Delivery {
        MessagePointer message;
        std::uint8_t qos = 0;
        bool retain = false;
        bool again = false;           // was sent on an earlier connection
        std::uint16_t packet_id = 0;  // 0: never sent
    };

    struct Connection;

    struct Session {
        std::string client_id;
        Connection* connection = nullptr;
        bool resumed = false;
        std::map<std::string, std::uint8_t> filters;  // and the QoS of each
        std::chrono::seconds expiry{0};
        AwsIotTime left;                       // when the client went away
        std::deque<Delivery> stored;           // comes slowly
        std::deque<Delivery> waiting;          // comes as fast as it may
        std::vector<Delivery> unacknowledged;  // in the order of sending
        std::uint16_t last_packet_id = 0;
    };

    struct Acknowledgement {
        AwsIotTime due;
        std::uint16_t packet_id = 0;
    };

    struct Connection {
        AwsIotLink& link;
        AwsIotPeer peer;
        const AwsIotPolicy* policy = nullptr;  // nullptr: may do everything
        mqtt::ProtocolVersion version = mqtt::ProtocolVersion::v3_1_1;
        Session* session = nullptr;  // nullptr before CONNECT
        std::optional<Message> will;
        std::uint16_t receive_maximum = 65'535;
        std::chrono::seconds keep_alive{0};
        AwsIotTime heard;
        std::map<std::uint16_t, std::string> aliases;
        std::deque<Acknowledgement> acknowledgements;
        AwsIotRate in;
        AwsIotRate out;
        AwsIotRate stored;
    };

    // Connections (aws_iot_broker.cpp). `handle` returns false when it has closed the connection.
    bool handle(Connection& connection, const mqtt::Frame& frame, AwsIotTime now);
    bool handle_connect(Connection& connection, std::string_view body, AwsIotTime now);
    [[nodiscard]] mqtt::ReasonCode why_not(Connection& connection, const mqtt::Connect& packet);
    [[nodiscard]] mqtt::ReasonCode identify(Connection& connection, const mqtt::Connect& packet);
    bool refuse_connect(Connection& connection, std::string_view id, mqtt::ReasonCode reason);
    Session& session_for(const mqtt::Connect& packet, AwsIotTime now);
    void apply(Connection& connection, const mqtt::Connect& packet, AwsIotTime now) const;
    void send_connack(Connection& connection) const;
    bool handle_disconnect(Connection& connection, const mqtt::Frame& frame, AwsIotTime now);
    /// Notes why, tells a client of MQTT 5, publishes the will and closes. Always false.
    bool close(Connection& connection, mqtt::ReasonCode reason, AwsIotTime now);
    void drop(Connection& connection, bool with_will, AwsIotTime now);
    void leave(Session& session, AwsIotTime now);
    void expire_sessions(AwsIotTime now);

    // Topics (aws_iot_broker_topics.cpp).
    bool handle_subscribe(Connection& connection, std::string_view body, AwsIotTime now);
    bool handle_unsubscribe(Connection& connection, std::string_view body, AwsIotTime now);
    [[nodiscard]] mqtt::ReasonCode why_not(
            const Connection& connection, const mqtt::Subscribe& packet) const;
    [[nodiscard]] bool may_subscribe(const Connection& connection, std::string_view filter) const;
    void send_retained(Session& session, const mqtt::Subscription& wanted, AwsIotTime now);
    bool handle_publish(Connection& connection, const mqtt::Frame& frame, AwsIotTime now);
    [[nodiscard]] bool resolve_alias(Connection& connection, mqtt::Publish& packet) const;
    [[nodiscard]] mqtt::ReasonCode why_not(
            const Connection& connection, const mqtt::Publish& packet) const;
    [[nodiscard]] static bool may_publish(
            const Connection& connection, const mqtt::Publish& packet);
    [[nodiscard]] mqtt::ReasonCode why_not_topic(std::string_view topic) const;
    void acknowledge(Connection& connection, AwsIotTime now);
    bool handle_puback(Connection& connection, const mqtt::Frame& frame, AwsIotTime now);
    void route(Message message, AwsIotTime now);
    void deliver(Session& session, Delivery delivery, AwsIotTime now);
    [[nodiscard]] Session* next_member(const std::string& shared_filter);
    void send_waiting(Session& session, AwsIotTime now);
    void send(Session& session, Delivery delivery);
    static void write(Connection& connection, const Delivery& delivery);
    [[nodiscard]] static std::uint16_t new_packet_id(Session& session);
    [[nodiscard]] bool has_capacity(const Session& session) const;

    AwsIotOptions options_;
    std::map<AwsIotLink*, std::unique_ptr<Connection>> connections_;
    std::map<std::string, std::unique_ptr<Session>, std::less<>> sessions_;  // by client id
    std::map<std::string, MessagePointer> retained_;
    std::map<std::string, std::size_t> share_turns_;
    std::uint64_t generated_ids_ = 0;
    std::uint64_t publishes_in_ = 0;
    std::uint64_t publishes_out_ = 0;
};

/// Whether one of the resources, with the client id put in, covers `text`.
[[nodiscard]] bool aws_iot_permits(const std::vector<std::string>& resources,
        std::string_view client_id, std::string_view text);

}  // namespace foz::support
