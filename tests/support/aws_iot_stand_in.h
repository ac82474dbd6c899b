// SPDX-License-Identifier: Apache-2.0
// An MQTT server for tests that behaves as AWS IoT Core does towards its clients, on 127.0.0.1, in
// a thread of its own. It speaks with foz's own codec (mqtt/), but shares no other code with foz's
// broker or client.
//
// What it does, and how that is known. [doc]: AWS documents it, at the addresses in
// src/config/aws_iot_limits.cpp and docs/aws-iot-core.md. [seen]: somebody observed it on the real
// service and wrote it down. [assumed]: a guess, the harshest that AWS's words allow.
//
//   [doc]     TLS 1.2 or newer; the client shows a certificate of the authority, or on port 443
//             with ALPN "mqtt" a user name and password for a custom authoriser.
//   [doc]     SNI must be the endpoint's name; on port 443 ALPN must be "x-amzn-mqtt-ca" or "mqtt".
//   [assumed] Both by a TLS alert.
//   [doc]     MQTT 3.1.1 and 5. [assumed] 3.1 gets CONNACK 1.
//   [doc]     Limits (config::RemoteLimits): QoS 1, payload, topic length and depth, client id,
//             filters in a SUBSCRIBE, subscriptions of a connection.
//   [seen]    Over a limit: the connection is closed, in MQTT 5 after a DISCONNECT with a reason
//             code. [assumed] which code; no SUBACK or PUBACK before it.
//   [doc]     More PUBLISH packets a second than the limit are discarded. [assumed] Without PUBACK,
//             and the connection stays; what goes to the client waits for its turn.
//   [doc]     Not more than 100 QoS 1 unacknowledged to a client. [assumed] From a client: closed.
//   [doc]     Keep-alive of 0 or over 1,200 s counts as 1,200 s, under 30 s as 30 s; closed after
//             one and a half times that. [assumed] MQTT 5: said in Server Keep Alive.
//   [doc]     The older of two connections with one client id is closed; [assumed] with
//             DISCONNECT 0x8E in MQTT 5.
//   [doc]     A persistent session ends when its client stays away for the expiry; what is stored
//             for it comes at 10 messages a second after the client has come back, beside what is
//             new. Session Present says whether it was kept.
//   [assumed] What was sent and not acknowledged is stored like the rest, and comes with DUP and
//             its packet id. (AWS: the id "might" be another: see resend_every.)
//   [doc]     Without permission: nothing of topics that the policy does not let it receive.
//   [seen]    CONNECT: closed without CONNACK in 3.1.1. [assumed] 0x87 in MQTT 5.
//   [assumed] SUBSCRIBE: SUBACK 0x80, in MQTT 5 0x87. PUBLISH: closed, in MQTT 5 with 0x87.
//   [doc]     Retained messages need a permission of their own.
//   [assumed] A certificate that is not activated: closed after the TLS handshake, without CONNACK.
//   [doc]     Topics that begin with $ are AWS's: closed for all but $aws/. Here $aws/ topics can
//   be
//             used like others, except $aws/rules/, which nobody may subscribe to.
//   [doc]     "a/#" does not match "a". A filter with a wildcard gets no retained messages.
//   [seen]    No Local has no effect. A subscription identifier is answered with DISCONNECT 0xA1.
//   [assumed] $share/GROUP/FILTER: members in turn, those that are connected first.
//   [assumed] A policy allows a share by its filter, with or without $share/GROUP/ (AWS's examples
//             have both).
//   [seen]    Topic aliases up to 8. [assumed] CONNACK has the other properties of MQTT 5.
//
// Not simulated: WebSocket, rules, shadows, message expiry, 512 KiB a second (AWS delays what is
// over it), one CONNECT a second for each client id, retries on a live connection, messages out of
// order, the will's delay.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/aws_iot_limits.h"
#include "tests/support/test_authority.h"

namespace foz::support {

/// What the bearer of a certificate may do. "*" in a resource stands for any text, "?" for any one
/// character, "${iot:ClientId}" for the client id; MQTT's wildcards have no special meaning here.
struct AwsIotPolicy {
    std::string certificate;  // its common name; or the user name for the custom authoriser
    std::vector<std::string> connect;         // client ids
    std::vector<std::string> publish;         // topics
    std::vector<std::string> subscribe;       // topic filters
    std::vector<std::string> receive;         // topics
    std::vector<std::string> retain_publish;  // topics, besides publish
    bool active = true;  // false: the certificate is registered, but was not activated
};

/// The policy in `json`, where each statement allows one action on one resource, in the form of
/// examples/aws-iot-core/policy.json; conditions are not looked at. Throws std::runtime_error when
/// it allows no connection.
[[nodiscard]] AwsIotPolicy aws_iot_policy_from(
        const std::filesystem::path& json, std::string certificate);

struct AwsIotOptions {
    config::RemoteLimits limits = config::limits_of(config::Profile::aws_iot);
    std::vector<AwsIotPolicy> policies;          // none: everybody may do everything
    std::string endpoint = "localhost";          // what SNI has to say
    std::chrono::seconds session_expiry{3'600};  // of MQTT 3.1.1; MQTT 5 up to the limit
    bool time_stands = false;                    // then it goes on by pass_time only
    std::uint32_t stored_per_second = 10;        // to a session that was resumed
    std::chrono::milliseconds puback_delay{0};
    std::uint32_t disconnect_every = 0;  // closes at each so many-th PUBLISH from a client, unacked
    std::uint32_t resend_every = 0;  // each so many-th PUBLISH QoS 1 to a client comes twice, with
                                     // another packet id and no DUP, as AWS says it may
    std::map<std::string, std::string> authorizer;  // user names and passwords that it accepts
};

struct AwsIotMessage {
    std::string client_id;
    std::string topic;
    std::string payload;
    std::uint8_t qos = 0;
    bool retain = false;
};

struct AwsIotSession {
    std::string client_id;
    bool connected = false;
    bool resumed = false;                // Session Present was set in its last CONNACK
    std::vector<std::string> filters;    // sorted
    std::size_t stored = 0;              // messages that wait for it
    std::size_t unacknowledged = 0;      // messages sent to it
    std::chrono::seconds keep_alive{0};  // as it counts
    std::chrono::seconds expiry{0};
};

/// Why the server closed a connection or refused one.
struct AwsIotRefusal {
    std::string client_id;  // "" before CONNECT
    std::string reason;     // of MQTT 5, in words: "packet too large"
};

/// Any thread may call any method, but start, stop and the destructor. Stops when destroyed.
/// Throws std::runtime_error when it cannot start.
class AwsIotStandIn {
  public:
    /// Makes its authority, with a server certificate for the endpoint, localhost and 127.0.0.1,
    /// and starts.
    explicit AwsIotStandIn(AwsIotOptions options = {});
    ~AwsIotStandIn();

    /// As AWS's 8883.
    [[nodiscard]] std::uint16_t port() const;
    /// As AWS's 443: ALPN required.
    [[nodiscard]] std::uint16_t alpn_port() const;
    /// Issues the certificates of devices; ca() is "AmazonRootCA1.pem".
    [[nodiscard]] TestAuthority& authority();

    /// An outage: closes all connections and both ports. Sessions are kept; start opens the same
    /// ports again.
    void stop();
    void start();
    /// Time goes on by this much at once, for keep-alives and session expiry.
    void pass_time(std::chrono::seconds time);

    /// As if a client that may do everything had published it.
    void publish(std::string_view topic, std::string_view payload, std::uint8_t qos = 1,
            bool retain = false);
    /// Closes the client's connection, in MQTT 5 after DISCONNECT "server busy". False: there is
    /// none.
    bool disconnect(std::string_view client_id);

    /// All that clients have published and that was not discarded, in order.
    [[nodiscard]] std::vector<AwsIotMessage> received() const;
    /// The first of received() whose topic the filter matches, as soon as it is there.
    [[nodiscard]] std::optional<AwsIotMessage> wait_for_publish(std::string_view filter,
            std::chrono::milliseconds limit = std::chrono::seconds(20)) const;
    [[nodiscard]] std::vector<AwsIotSession> sessions() const;
    [[nodiscard]] std::optional<AwsIotSession> session(std::string_view client_id) const;
    [[nodiscard]] std::vector<AwsIotRefusal> refusals() const;
    /// PUBLISH packets that were over the rate.
    [[nodiscard]] std::size_t discarded() const;
    /// How many filters each SUBSCRIBE had, in order.
    [[nodiscard]] std::vector<std::size_t> subscribes() const;
    /// The most QoS 1 messages that any client had unacknowledged by the server at once.
    [[nodiscard]] std::size_t in_flight_most() const;

  private:
    struct Running;
    std::unique_ptr<Running> running_;
};

}  // namespace foz::support
