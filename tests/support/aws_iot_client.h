// SPDX-License-Identifier: Apache-2.0
// What the tests of AwsIotStandIn share: a stand-in with a folder of its own, and a client of it
// that exchanges single packets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mqtt/decoder.h"
#include "mqtt/encoder.h"
#include "tests/support/aws_iot_stand_in.h"
#include "tests/support/tls_client.h"

namespace foz::support {

/// As a client connects.
struct AwsIotConnect {
    std::string client_id = "device";
    mqtt::ProtocolVersion version = mqtt::ProtocolVersion::v5;
    bool clean = true;
    std::uint32_t session_expiry = 0;  // MQTT 5
    std::uint16_t keep_alive = 60;
    std::string user_name;
    std::string password;
};

/// A packet that the server sent, as the tests ask for it.
struct AwsIotAnswer {
    explicit operator bool() const { return type != mqtt::PacketType{}; }

    mqtt::PacketType type{};                  // 0: none came
    mqtt::ReasonCode reason{};                // CONNACK, DISCONNECT; the first of SUBACK
    std::vector<mqtt::ReasonCode> reasons;    // SUBACK
    bool session_present = false;             // CONNACK
    std::optional<std::uint32_t> keep_alive;  // CONNACK
    std::optional<std::uint32_t> in_flight;   // CONNACK
    std::uint16_t packet_id = 0;
    std::string topic;  // PUBLISH
    std::string payload;
    std::uint8_t qos = 0;
    bool dup = false;
    bool retain = false;
};

/// One client. Its packets carry what the methods are given, right or wrong.
class AwsIotClient {
  public:
    AwsIotClient(const TlsSocketOptions& options, mqtt::ProtocolVersion version)
        : tls_(options), version_(version) {}

    [[nodiscard]] TlsSocket& tls() { return tls_; }

    void connect(const AwsIotConnect& as);
    void publish(std::string_view topic, std::string_view payload, std::uint8_t qos = 1,
            std::uint16_t packet_id = 1, bool retain = false);
    void subscribe(const std::vector<std::string>& filters, std::uint8_t qos = 1);
    void acknowledge(std::uint16_t packet_id);
    void send(const std::string& bytes) { tls_.send(bytes); }

    /// The next packet; false when the server has closed the connection or sends none for 10 s.
    AwsIotAnswer answer();
    /// The reason of the DISCONNECT that comes next, with which the server closes the connection;
    /// in MQTT 3.1.1 "closed" when it closes it.
    [[nodiscard]] std::string last_word();

  private:
    TlsSocket tls_;
    mqtt::ProtocolVersion version_;
};

class AwsIotRig {
  public:
    explicit AwsIotRig(const AwsIotOptions& options = {}) : server(options) {}

    /// The certificate of a device of this name.
    [[nodiscard]] std::string device(const std::string& name);
    /// How a client with `certificate` ("": without) connects to the port without ALPN.
    [[nodiscard]] TlsSocketOptions door(const std::string& certificate);
    /// Connected, CONNACK taken; with the certificate "device".
    [[nodiscard]] AwsIotClient connected(const AwsIotConnect& as = {});
    /// The server's session of the client id "device"; an empty one when there is none.
    [[nodiscard]] AwsIotSession session() const {
        return server.session("device").value_or(AwsIotSession{});
    }

    AwsIotStandIn server;

  private:
    std::string usual_;
};

}  // namespace foz::support
