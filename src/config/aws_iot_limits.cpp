// SPDX-License-Identifier: Apache-2.0
#include "config/aws_iot_limits.h"

#include <algorithm>

namespace foz::config {
namespace {

constexpr std::string_view kQuotas =
        "https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits";
constexpr std::string_view kMqtt =
        "https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-differences";

template <auto Member>
constexpr auto limit(std::string_view name, std::uint64_t value, std::string_view unit,
        std::string_view source) {
    return AwsIotLimit{name, value, unit, source, [](RemoteLimits& to, std::uint64_t stored) {
                           using Type = std::remove_reference_t<decltype(to.*Member)>;
                           to.*Member = static_cast<Type>(stored);
                       }};
}

constexpr AwsIotLimit kLimits[] = {
    limit<&RemoteLimits::qos_max>("highest QoS", 1, "", kMqtt),
    limit<&RemoteLimits::payload_bytes>("payload of a PUBLISH", 128 << 10, "bytes", kQuotas),
    limit<&RemoteLimits::topic_bytes>("topic or filter", 256, "bytes", kQuotas),
    limit<&RemoteLimits::topic_levels>("levels of a topic or filter", 8, "", kQuotas),
    limit<&RemoteLimits::client_id_bytes>("client id", 128, "bytes", kQuotas),
    limit<&RemoteLimits::subscriptions_per_packet>("filters in one SUBSCRIBE", 8, "", kQuotas),
    limit<&RemoteLimits::subscriptions>("subscriptions of a connection", 50, "", kQuotas),
    limit<&RemoteLimits::in_flight_out>("QoS 1 unacknowledged, to AWS", 100, "", kQuotas),
    limit<&RemoteLimits::in_flight_in>("QoS 1 unacknowledged, from AWS", 100, "", kQuotas),
    limit<&RemoteLimits::publishes_per_second>("PUBLISH of a connection", 100, "a second", kQuotas),
    limit<&RemoteLimits::bytes_per_second>(
            "bytes of a connection", 512 << 10, "bytes a second", kQuotas),
    limit<&RemoteLimits::connects_per_second>("CONNECT of a client id", 1, "a second", kQuotas),
    limit<&RemoteLimits::keep_alive_min>("shortest keep-alive", 30, "s", kQuotas),
    limit<&RemoteLimits::keep_alive_max>("longest keep-alive", 1'200, "s", kQuotas),
    limit<&RemoteLimits::session_expiry_max>("session expiry", std::uint64_t{7} * 24 * 3'600, "s",
            "https://github.com/aws-greengrass/aws-greengrass-nucleus/pull/1646"),
    limit<&RemoteLimits::topic_aliases>(
            "topic aliases", 8, "", "https://github.com/awslabs/aws-crt-java/issues/618"),
    limit<&RemoteLimits::subscription_identifiers>("subscription identifiers", 0, "yes or no",
            "https://github.com/node-red/node-red/issues/4133"),
    limit<&RemoteLimits::no_local>("No Local", 0, "yes or no",
            "https://github.com/aws/aws-iot-device-sdk-python-v2/issues/464"),
    limit<&RemoteLimits::retained_by_wildcard>(
            "retained messages for a filter with a wildcard", 0, "yes or no", kMqtt),
    limit<&RemoteLimits::parent_by_wildcard>("a/# matches a", 0, "yes or no", kMqtt),
};

RemoteLimits aws_iot() {
    RemoteLimits limits;
    for (const AwsIotLimit& one : kLimits) {
        one.store(limits, one.value);
    }
    return limits;
}

/// `topic` without its first `levels` levels; unchanged when it does not begin with `prefix` or has
/// no more than those levels.
std::string_view without(std::string_view topic, std::string_view prefix, int levels) {
    std::string_view rest = topic;
    for (int level = 0; topic.starts_with(prefix) && level < levels; ++level) {
        const std::size_t slash = rest.find('/');
        if (slash == std::string_view::npos) {
            return topic;
        }
        rest.remove_prefix(slash + 1);
    }
    return rest;
}

}  // namespace

const RemoteLimits& limits_of(Profile profile) {
    static const RemoteLimits mqtt_limits;
    static const RemoteLimits aws_limits = aws_iot();
    return profile == Profile::aws_iot ? aws_limits : mqtt_limits;
}

std::span<const AwsIotLimit> aws_iot_limits() {
    return kLimits;
}

std::string_view counted_part(std::string_view topic) {
    return without(without(topic, "$share/", 2), "$aws/rules/", 3);
}

std::string_view alpn_for(Profile profile, const RemoteUrl& url, bool with_client_certificate) {
    constexpr std::uint16_t kHttps = 443;
    if (profile != Profile::aws_iot || url.port != kHttps || url.websocket) {
        return "";
    }
    return with_client_certificate ? "x-amzn-mqtt-ca" : "mqtt";
}

}  // namespace foz::config
