// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the configuration: the input is a foz.toml. What is refused is refused in lines
// that name the file; what is accepted holds what the rest of foz takes for granted of Settings.
#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "config/database_access.h"
#include "config/remote_url.h"
#include "config/settings_parser.h"
#include "config/topic_text.h"
#include "mapping/mapping.h"
#include "mqtt/topic.h"
#include "tests/fuzz/fuzz_target.h"

namespace foz::config {
namespace {

void check_errors(const SettingsErrors& errors) {
    FOZ_CHECK(!errors.lines.empty());
    for (const std::string& line : errors.lines) {
        FOZ_CHECK(line.starts_with("foz.toml:"));
        FOZ_CHECK(std::ranges::none_of(line, [](char letter) {
            return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f;
        }));
    }
}

void check_remote(const Remote& remote) {
    FOZ_CHECK(parse_remote_url(remote.url).has_value());
    FOZ_CHECK(!remote.client_id.empty() && remote.client_id.size() <= kMqttTextBytesMax);
    FOZ_CHECK(!remote.username || remote.username->size() <= kMqttTextBytesMax);
    FOZ_CHECK(!remote.password_file || remote.username);
    FOZ_CHECK(!remote.tls || remote.tls->certificate.has_value() == remote.tls->key.has_value());
}

bool is_valid(const BridgeTopic& topic) {
    return mqtt::is_valid_topic_filter(topic.local_prefix + topic.pattern) &&
           mqtt::is_valid_topic_filter(topic.remote_prefix + topic.pattern);
}

void check_bridge(const Bridge& bridge) {
    check_remote(bridge.remote);
    FOZ_CHECK(!bridge.topics.empty() && std::ranges::all_of(bridge.topics, is_valid));
    FOZ_CHECK(!bridge.notification_topic || mqtt::is_valid_topic_name(*bridge.notification_topic));
}

void check_source(const Source& source) {
    check_remote(source.remote);
    FOZ_CHECK(!source.subscribe.empty());
    for (const Subscription& subscription : source.subscribe) {
        FOZ_CHECK(mqtt::is_valid_topic_filter(subscription.topic) && subscription.qos <= 2);
    }
}

/// A packet as large as they come must fit into the journal.
void check_limits(const Settings& settings) {
    const Limits& limits = settings.limits;
    const Journal& journal = settings.journal;
    FOZ_CHECK(limits.connections_unidentified <= limits.connections);
    FOZ_CHECK(limits.connect_packet_bytes <= limits.packet_bytes);
    FOZ_CHECK(limits.packet_bytes <= journal.segment_bytes / 2);
    FOZ_CHECK(limits.packet_bytes <= journal.queue_bytes_max / 2);
    FOZ_CHECK(limits.in_flight > 0);
    FOZ_CHECK(journal.segment_bytes <= journal.size_max);
}

bool has_column(const Route& route, std::string_view name) {
    return route.columns.empty() || std::ranges::count(route.columns, name, &Column::name) == 1;
}

void check_routes(const Settings& settings) {
    FOZ_CHECK(!settings.databases.empty() && !settings.routes.empty());
    for (const Route& route : settings.routes) {
        FOZ_CHECK(std::ranges::count(settings.databases, route.database, &Database::name) == 1);
        FOZ_CHECK(std::ranges::all_of(
                route.key, [&](const std::string& name) { return has_column(route, name); }));
    }
    for (const Database& database : settings.databases) {
        FOZ_CHECK(database.lanes > 0 && database.batch_rows_max > 0);
        FOZ_CHECK(!database_url(settings, database).empty());
        const auto mapping = mapping::Mapping::compile(settings, database.name);
        FOZ_CHECK(mapping || !mapping.error().message.empty());
    }
}

void try_input(std::string_view toml) {
    const auto settings = parse_settings(toml, "foz.toml");
    if (!settings) {
        check_errors(settings.error());
        return;
    }
    check_limits(*settings);
    check_routes(*settings);
    std::ranges::for_each(settings->sources, check_source);
    std::ranges::for_each(settings->bridges, check_bridge);
}

}  // namespace
}  // namespace foz::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    foz::config::try_input({reinterpret_cast<const char*>(data), size});
    return 0;
}
