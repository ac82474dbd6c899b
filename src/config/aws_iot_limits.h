// SPDX-License-Identifier: Apache-2.0
// What a broker that foz connects to limits, by the profile of the [source] or [bridge]. AWS IoT
// Core closes the connection of a client that goes over most of its limits, so foz keeps to them
// before: aws_iot_check.h refuses what no client could do right, the MQTT client (client/) does the
// rest while it runs. docs/aws-iot-core.md has the same table for people; a test compares them.
//
// Pure, constant data; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "config/remote_url.h"
#include "config/settings.h"

namespace foz::config {

/// Each member has the protocol's own maximum where the broker has no limit of its own, so that
/// `std::min(wanted, limits.member)` is right for every profile. Out: from foz to the broker.
struct RemoteLimits {
    std::uint8_t qos_max = 2;  // of PUBLISH, SUBSCRIBE and the will
    std::uint32_t subscriptions_per_packet = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t subscriptions = std::numeric_limits<std::uint32_t>::max();  // of a connection
    std::uint16_t in_flight_out = 65'535;       // QoS 1 sent and not yet acknowledged by the broker
    std::uint16_t in_flight_in = 65'535;        // QoS 1 received and not yet acknowledged by foz
    std::uint32_t payload_bytes = 268'435'455;  // of a PUBLISH out
    std::uint16_t topic_bytes = 65'535;         // of counted_part() of a topic or filter
    std::uint16_t topic_levels = 65'535;        // of counted_part(): slashes + 1
    std::uint16_t client_id_bytes = 65'535;
    std::uint16_t topic_aliases = 65'535;                                            // out
    std::uint32_t publishes_per_second = std::numeric_limits<std::uint32_t>::max();  // each way
    std::uint32_t bytes_per_second = std::numeric_limits<std::uint32_t>::max();      // each way
    std::uint32_t connects_per_second =
            std::numeric_limits<std::uint32_t>::max();  // of a client id
    std::chrono::seconds keep_alive_min{1};             // the broker takes a shorter one for this
    std::chrono::seconds keep_alive_max{65'535};        // the broker takes a longer one for this
    std::chrono::seconds session_expiry_max{std::numeric_limits<std::uint32_t>::max()};
    bool subscription_identifiers = true;  // MQTT 5: whether SUBSCRIBE may have one
    bool no_local = true;  // MQTT 5: whether the option keeps a client's own messages from it
    bool retained_by_wildcard = true;  // whether a filter with a wildcard gets retained messages
    bool parent_by_wildcard = true;    // whether "a/#" also matches "a" [MQTT-4.7.1-2]

    bool operator==(const RemoteLimits&) const = default;
};

[[nodiscard]] const RemoteLimits& limits_of(Profile profile);

/// One row of the table that limits_of(Profile::aws_iot) is made from.
struct AwsIotLimit {
    std::string_view name;
    std::uint64_t value = 0;  // 0 or 1: whether AWS has it
    std::string_view unit;    // "": a number; "yes or no"
    std::string_view source;  // an address: documented; otherwise what it was concluded from
    void (*store)(RemoteLimits& to, std::uint64_t value) = nullptr;
};

[[nodiscard]] std::span<const AwsIotLimit> aws_iot_limits();

/// What a broker counts the levels and bytes of: `topic` without "$share/GROUP/", which every
/// broker leaves out, and "$aws/rules/RULE/", which AWS does.
[[nodiscard]] std::string_view counted_part(std::string_view topic);

/// The ALPN protocol that AWS IoT Core wants at `url` when the configuration names none; "" for
/// none. Port 443 is shared with HTTPS: "x-amzn-mqtt-ca" with a client certificate, "mqtt" with a
/// user name and password for a custom authoriser. A WebSocket is HTTPS, and has none.
[[nodiscard]] std::string_view alpn_for(
        Profile profile, const RemoteUrl& url, bool with_client_certificate);

}  // namespace foz::config
