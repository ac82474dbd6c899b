// SPDX-License-Identifier: Apache-2.0
#include "config/aws_iot_check.h"

#include <algorithm>

#include "config/aws_iot_limits.h"

namespace foz::config {
namespace {

/// One topic or filter of a section, on AWS's side.
struct RemoteTopic {
    std::string topic;
    std::uint8_t qos = 0;
    bool subscribed = false;  // foz subscribes to it, or publishes to it only
};

/// Checks one section; `key` is the one that has its topics.
class AwsIotCheck {
  public:
    AwsIotCheck(const Where& where, std::string_view key, ErrorList& errors)
        : where_(where), key_(key), errors_(errors), limits_(limits_of(Profile::aws_iot)) {}

    void check(const Remote& remote);
    void check(const RemoteTopic& topic);
    void check_count(std::size_t subscriptions);

  private:
    void check_client_id(const Remote& remote);
    void check_credentials(const Remote& remote);
    void check_size(const RemoteTopic& topic);
    void check_reserved(const RemoteTopic& topic);

    const Where& where_;
    std::string_view key_;
    ErrorList& errors_;
    const RemoteLimits& limits_;
};

void AwsIotCheck::check(const Remote& remote) {
    if (!remote.url.empty() && !remote.url.starts_with("mqtts://") &&
            !remote.url.starts_with("wss://")) {
        errors_.add(errors_.line_of(where_, "url"),
                "\"url\" in {} is \"{}\", but AWS IoT Core talks over TLS only; write "
                "mqtts://CODE-ats.iot.REGION.amazonaws.com:8883",
                where_.shown, remote.url);
    }
    check_client_id(remote);
    check_credentials(remote);
    if (remote.keep_alive > limits_.keep_alive_max) {
        errors_.add(errors_.line_of(where_, "keep_alive"),
                "\"keep_alive\" in {} is {} s; AWS IoT Core takes at most {} s and would close the "
                "connection in between",
                where_.shown, remote.keep_alive.count(), limits_.keep_alive_max.count());
    }
}

void AwsIotCheck::check_client_id(const Remote& remote) {
    const std::uint32_t line = errors_.line_of(where_, "client_id");
    if (remote.client_id.size() > limits_.client_id_bytes) {
        errors_.add(line, "\"client_id\" in {} has {} bytes; AWS IoT Core takes at most {}",
                where_.shown, remote.client_id.size(), limits_.client_id_bytes);
    }
    if (remote.client_id.starts_with('$')) {
        errors_.add(line,
                "\"client_id\" in {} begins with $, which AWS IoT Core keeps for ids of its own",
                where_.shown);
    }
}

void AwsIotCheck::check_credentials(const Remote& remote) {
    const bool certificate = remote.tls && remote.tls->certificate;
    if (remote.url.starts_with("wss://") && !remote.username) {
        errors_.add(errors_.line_of(where_, "url"),
                "\"url\" in {} is a WebSocket, where AWS IoT Core looks at no client certificate; "
                "write mqtts://...:443 for one, or username and password_file for a custom "
                "authoriser",
                where_.shown);
    } else if (!certificate && !remote.username) {
        errors_.add(errors_.line_of(where_, "tls"),
                "{} has no client certificate, by which AWS IoT Core knows who connects; write tls "
                "= {{ ca = \"AmazonRootCA1.pem\", certificate = \"cert.crt\", key = "
                "\"private.pem.key\" }}, or username and password_file for a custom authoriser",
                where_.shown);
    }
}

void AwsIotCheck::check(const RemoteTopic& topic) {
    if (topic.qos > limits_.qos_max) {
        errors_.add(errors_.line_of(where_, key_),
                "\"{}\" in {} has \"{}\" with QoS {}; AWS IoT Core has QoS 0 and 1 only and closes "
                "the connection for more; write 1",
                key_, where_.shown, topic.topic, topic.qos);
    }
    check_size(topic);
    check_reserved(topic);
}

void AwsIotCheck::check_size(const RemoteTopic& topic) {
    const std::string_view counted = counted_part(topic.topic);
    const auto levels = static_cast<std::size_t>(std::ranges::count(counted, '/')) + 1;
    if (levels > limits_.topic_levels) {
        errors_.add(errors_.line_of(where_, key_),
                "\"{}\" in {} has \"{}\" with {} levels; AWS IoT Core takes at most {} ({} "
                "slashes)",
                key_, where_.shown, topic.topic, levels, limits_.topic_levels,
                limits_.topic_levels - 1);
    }
    if (counted.size() > limits_.topic_bytes) {
        errors_.add(errors_.line_of(where_, key_),
                "\"{}\" in {} has a topic of {} bytes; AWS IoT Core takes at most {}", key_,
                where_.shown, counted.size(), limits_.topic_bytes);
    }
}

void AwsIotCheck::check_reserved(const RemoteTopic& topic) {
    std::string_view name = topic.topic;
    if (topic.subscribed && name.starts_with("$share/")) {
        name = counted_part(name);
    }
    if (name.starts_with('$') && !name.starts_with("$aws/")) {
        errors_.add(errors_.line_of(where_, key_),
                "\"{}\" in {} has \"{}\"; topics that begin with $ belong to AWS IoT Core, which "
                "knows those below $aws/ only",
                key_, where_.shown, topic.topic);
    }
    if (topic.subscribed && name.starts_with("$aws/rules/")) {
        errors_.add(errors_.line_of(where_, key_),
                "\"{}\" in {} subscribes to \"{}\"; AWS IoT Core takes messages for $aws/rules/ "
                "(Basic Ingest), but sends none",
                key_, where_.shown, topic.topic);
    }
}

void AwsIotCheck::check_count(std::size_t subscriptions) {
    if (subscriptions > limits_.subscriptions) {
        errors_.add(errors_.line_of(where_, key_),
                "\"{}\" in {} subscribes to {} topics; AWS IoT Core takes {} of one connection; "
                "use wildcards, or a second section with another client_id",
                key_, where_.shown, subscriptions, limits_.subscriptions);
    }
}

}  // namespace

void check_aws_iot(const Source& source, const Where& where, ErrorList& errors) {
    if (source.remote.profile != Profile::aws_iot) {
        return;
    }
    AwsIotCheck check(where, "subscribe", errors);
    check.check(source.remote);
    for (const Subscription& subscription : source.subscribe) {
        check.check(RemoteTopic{
            .topic = subscription.topic, .qos = subscription.qos, .subscribed = true});
    }
    check.check_count(source.subscribe.size());
}

void check_aws_iot(const Bridge& bridge, const Where& where, ErrorList& errors) {
    if (bridge.remote.profile != Profile::aws_iot) {
        return;
    }
    AwsIotCheck check(where, "topics", errors);
    check.check(bridge.remote);
    std::size_t subscriptions = 0;
    for (const BridgeTopic& topic : bridge.topics) {
        const RemoteTopic remote{
            .topic = topic.remote_prefix + topic.pattern,
            .qos = topic.qos,
            .subscribed = topic.direction != Direction::out,
        };
        check.check(remote);
        subscriptions += remote.subscribed ? 1 : 0;
    }
    check.check_count(subscriptions);
}

}  // namespace foz::config
