// SPDX-License-Identifier: Apache-2.0
#include "config/remote_sections.h"

#include <algorithm>
#include <set>

#include "config/aws_iot_check.h"
#include "config/key_forms.h"
#include "config/remote_url.h"
#include "config/sections.h"
#include "config/settings_check.h"
#include "config/spelling.h"
#include "config/topic_text.h"

namespace foz::config {
namespace {

using key::choice;
using key::duration;
using key::kDay;
using key::kHour;
using key::kSecond;
using key::number;
using key::text;
using std::string_view;

constexpr string_view kVersions[] = {"5", "3.1.1"};
// In the order of Profile's enumerators.
constexpr string_view kProfiles[] = {"mqtt", "aws-iot"};
// In the order of Direction's enumerators.
constexpr string_view kDirections[] = {"out", "in", "both"};

constexpr Key<Remote> kRemoteKeys[] = {
    key::required(text<&Remote::url>("url",
                          "`mqtt://host[:1883]`, `mqtts://host[:8883]` (TLS), "
                          "`ws://host[:80][/mqtt]` or `wss://host[:443][/mqtt]` (WebSocket)."),
            "\"mqtts://broker.example.org\""),
    text<&Remote::client_id>("client_id",
            "Under which name foz connects; no other client of that broker may have it. Without "
            "it: `foz-` and the section's name.",
            "\"foz-1\""),
    text<&Remote::username>("username", "The user name, if the broker wants one.", "\"foz\""),
    text<&Remote::password_file>("password_file",
            "A file whose first line is the password of `username`.",
            "\"/etc/foz/broker.password\""),
    choice<&Remote::version>("version", kVersions, "The version of MQTT."),
    choice<&Remote::profile>("profile", kProfiles,
            "Whose limits are kept to and checked at the start: any broker's, or those of AWS IoT "
            "Core."),
    duration<&Remote::keep_alive>("keep_alive", {kSecond, 65'535 * kSecond},
            "The longest silence on a connection: foz asks for a sign of life before it is over, "
            "and gives up a broker that is silent for one and a half times as long."),
    duration<&Remote::session_expiry>("session_expiry", {kSecond, 3'650 * kDay},
            "MQTT 5: how long the broker keeps foz's session, and the messages for it, while foz "
            "is away."),
    number<&Remote::receive_maximum>("receive_maximum", {1, 65'535},
            "MQTT 5: how many QoS 1 and 2 messages the broker may send before foz has acknowledged "
            "the first of them."),
    duration<&Remote::connect_timeout>(
            "connect_timeout", {100, kHour}, "From the name's resolution to the broker's CONNACK."),
    duration<&Remote::retry_delay_max>("retry_delay_max", {100, kDay},
            "Attempts to reach a broker that is away come ever slower, up to this delay. They "
            "never stop."),
};

// In the order of Retained's enumerators.
constexpr string_view kRetained[] = {"store", "skip"};

constexpr Key<Source> kSourceKeys[] = {
    choice<&Source::retained>("retained", kRetained,
            "What to do with the retained messages that the broker sends because foz subscribes: "
            "store them like any other, which for MQTT 3.1.1 means again at each start, or `skip` "
            "them: they are acknowledged and forgotten."),
};

constexpr Key<Bridge> kBridgeKeys[] = {
    number<&Bridge::in_flight>("in_flight", {1, 65'535},
            "QoS 1 and 2 messages out that the other broker has not acknowledged yet."),
    text<&Bridge::notification_topic>("notification_topic",
            "A topic where foz publishes `1` (retained) while the bridge is connected and `0` "
            "while it is not.",
            "\"bridge/plant/state\""),
};

template <class S>
Names with_names_of(std::span<const Key<S>> keys, Names names) {
    for (const Key<S>& key : keys) {
        names.push_back(key.facts.name);
    }
    return names;
}

/// For a second look at a section, whose unknown keys have been reported.
Names all_keys_of(const NodeTable& section) {
    Names names;
    for (const Entry& entry : section) {
        names.push_back(entry.key);
    }
    return names;
}

/// What CONNECT has to carry.
void check_length(string_view text, string_view key, const Where& where, ErrorList& errors) {
    if (text.size() > kMqttTextBytesMax) {
        errors.add(errors.line_of(where, key), "\"{}\" in {} has {} bytes; MQTT has room for {}",
                key, where.shown, text.size(), kMqttTextBytesMax);
    }
}

void check_remote(const Remote& remote, const Where& where, const Where& tls, ErrorList& errors) {
    if (!remote.url.empty()) {
        const auto url = parse_remote_url(remote.url);
        if (!url) {
            errors.add(errors.line_of(where, "url"), "\"url\" in {} {}", where.shown,
                    url.error().message);
        } else if (remote.tls && !url->tls) {
            errors.add(errors.line_of(where, "tls"),
                    "{} has tls, and its url is without; write {}://, or take tls out", where.shown,
                    url->websocket ? "wss" : "mqtts");
        }
    }
    if (remote.tls) {
        check_client_tls(*remote.tls, tls, errors);
    }
    check_length(remote.client_id, "client_id", where, errors);
    check_length(remote.username.value_or(""), "username", where, errors);
    if (remote.password_file && !remote.username) {
        errors.add(errors.line_of(where, "password_file"),
                "\"password_file\" in {} needs \"username\"", where.shown);
    }
}

/// What both kinds have. `others` are the keys that the kind has besides.
void read_remote(const NamedTable& section, SectionReader& reader, ErrorList& errors,
        const Names& others, Remote& into) {
    into.name = section.name;
    into.place = {errors.file(), section.where.line};
    reader.read_keys(*section.table, section.where, remote_keys(), into, others);
    const Where tls =
            reader.read_table(*section.table, section.where, "tls", client_tls_keys(), into.tls);
    if (into.client_id.empty()) {
        into.client_id = "foz-" + into.name;
    }
    check_remote(into, section.where, tls, errors);
}

/// One entry of `subscribe`, which is a table.
void read_subscription(
        const Node& node, const Where& where, SectionReader& reader, Subscription& into) {
    static constexpr Key<Subscription> kKeys[] = {
        key::required(text<&Subscription::topic>("topic", "A topic filter."), "\"plant/#\""),
        number<&Subscription::qos>("qos", {0, 2}, "The QoS."),
    };
    const Where there{
        fmt::format("{}.subscribe.{}", where.id, node.line),
        fmt::format("\"subscribe\" in {}", where.shown),
        node.line,
    };
    reader.read_keys(*node.table(), there, std::span<const Key<Subscription>>(kKeys), into);
}

void read_subscriptions(
        const NamedTable& section, SectionReader& reader, ErrorList& errors, Source& into) {
    constexpr string_view kExample = "[\"esp32/pub\", { topic = \"plant/#\", qos = 2 }]";
    const Where& where = section.where;
    const Node* node = find(*section.table, "subscribe");
    if (node == nullptr || node->list() == nullptr || node->list()->empty()) {
        errors.add(errors.line_of(where, "subscribe"),
                "{} needs \"subscribe\", a list of topics, such as {}", where.shown, kExample);
        return;
    }
    std::set<std::string> seen;
    for (const Node& entry : *node->list()) {
        Subscription subscription;
        if (entry.text() != nullptr) {
            subscription.topic = *entry.text();
        } else if (entry.table() != nullptr) {
            read_subscription(entry, where, reader, subscription);
        } else {
            errors.add(entry.line, "\"subscribe\" in {} has {}; it must be a list such as {}",
                    where.shown, shown(entry), kExample);
            continue;
        }
        if (!is_topic_filter(subscription.topic)) {
            errors.add(entry.line,
                    "\"{}\" in \"subscribe\" of {} is no topic filter: + and # stand alone between "
                    "slashes, and # only at the end",
                    subscription.topic, where.shown);
        } else if (!seen.insert(subscription.topic).second) {
            errors.add(entry.line, "\"subscribe\" in {} has \"{}\" twice", where.shown,
                    subscription.topic);
        }
        into.subscribe.push_back(std::move(subscription));
    }
}

void read_topics(const NamedTable& section, ErrorList& errors, Bridge& into) {
    const Where& where = section.where;
    const Node* node = find(*section.table, "topics");
    if (node == nullptr || node->list() == nullptr || node->list()->empty()) {
        errors.add(errors.line_of(where, "topics"),
                "{} needs \"topics\", a list of lines as in mosquitto.conf, such as [\"sensors/# "
                "out 1\"]",
                where.shown);
        return;
    }
    for (const Node& entry : *node->list()) {
        if (entry.text() == nullptr) {
            errors.add(entry.line, "\"topics\" in {} has {}, which is no text", where.shown,
                    shown(entry));
            continue;
        }
        auto topic = parse_bridge_topic(*entry.text());
        if (!topic) {
            errors.add(entry.line, "\"{}\" in \"topics\" of {} {}", *entry.text(), where.shown,
                    topic.error().message);
            continue;
        }
        into.topics.push_back(std::move(*topic));
    }
}

void check_notification_topic(const Bridge& bridge, const Where& where, ErrorList& errors) {
    if (bridge.notification_topic && !is_topic_name(*bridge.notification_topic)) {
        errors.add(errors.line_of(where, "notification_topic"),
                "\"notification_topic\" in {} must be one topic, without + and #", where.shown);
    }
}

/// The next word of `rest`, which loses it; "" (two quotes) is an empty one.
std::string take_word(string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    const string_view word = rest.substr(0, rest.find_first_of(" \t"));
    rest.remove_prefix(word.size());
    return word == "\"\"" ? std::string() : std::string(word);
}

}  // namespace

Result<BridgeTopic> parse_bridge_topic(string_view line) {
    BridgeTopic topic;
    topic.pattern = take_word(line);
    const std::string direction = take_word(line);
    const std::string qos = take_word(line);
    topic.local_prefix = take_word(line);
    topic.remote_prefix = take_word(line);
    if (line.find_first_not_of(" \t") != string_view::npos) {
        return fail(ErrorCode::invalid,
                "has more than PATTERN, DIRECTION, QOS, LOCAL_PREFIX and REMOTE_PREFIX");
    }
    if (!direction.empty()) {
        const auto* const found = std::ranges::find(kDirections, direction);
        if (found == std::end(kDirections)) {
            return fail(ErrorCode::invalid, "has the direction \"{}\"; {}", direction,
                    hint_for(direction, kDirections));
        }
        topic.direction = static_cast<Direction>(found - std::begin(kDirections));
    }
    if (!qos.empty() && qos != "0" && qos != "1" && qos != "2") {
        return fail(ErrorCode::invalid, "has the QoS \"{}\"; it must be 0, 1 or 2", qos);
    }
    topic.qos = qos.empty() ? 0 : static_cast<std::uint8_t>(qos[0] - '0');
    for (const std::string& prefix : {topic.local_prefix, topic.remote_prefix}) {
        if (prefix.find_first_of("+#") != std::string::npos) {
            return fail(ErrorCode::invalid, "has a wildcard in the prefix \"{}\"", prefix);
        }
        if (!is_topic_filter(prefix + topic.pattern)) {
            return fail(ErrorCode::invalid,
                    "makes \"{}{}\", which is no topic filter: + and # stand alone between "
                    "slashes, and # only at the end",
                    prefix, topic.pattern);
        }
    }
    return topic;
}

std::span<const Key<Remote>> remote_keys() {
    return kRemoteKeys;
}
std::span<const Key<Source>> source_keys() {
    return kSourceKeys;
}
std::span<const Key<Bridge>> bridge_keys() {
    return kBridgeKeys;
}

std::vector<Source> read_sources(
        const NodeTable& document, SectionReader& reader, ErrorList& errors) {
    std::vector<Source> sources;
    for (const NamedTable& section : reader.named_sections(document, "source")) {
        Source source;
        const Names remote_others = with_names_of(source_keys(), {"tls", "subscribe"});
        read_remote(section, reader, errors, remote_others, source.remote);
        reader.read_keys(
                *section.table, section.where, source_keys(), source, all_keys_of(*section.table));
        read_subscriptions(section, reader, errors, source);
        check_aws_iot(source, section.where, errors);
        sources.push_back(std::move(source));
    }
    return sources;
}

std::vector<Bridge> read_bridges(
        const NodeTable& document, SectionReader& reader, ErrorList& errors) {
    std::vector<Bridge> bridges;
    for (const NamedTable& section : reader.named_sections(document, "bridge")) {
        Bridge bridge;
        const Names remote_others = with_names_of(bridge_keys(), {"tls", "topics"});
        read_remote(section, reader, errors, remote_others, bridge.remote);
        reader.read_keys(
                *section.table, section.where, bridge_keys(), bridge, all_keys_of(*section.table));
        read_topics(section, errors, bridge);
        check_notification_topic(bridge, section.where, errors);
        check_aws_iot(bridge, section.where, errors);
        bridges.push_back(std::move(bridge));
    }
    return bridges;
}

}  // namespace foz::config
