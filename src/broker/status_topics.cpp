// SPDX-License-Identifier: Apache-2.0
#include "broker/status_topics.h"

#include <chrono>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/version.h"

namespace foz::broker {

std::vector<delivery::StatusTopic> status_topics(const ReactorContext& context, SteadyTime now) {
    std::vector<delivery::StatusTopic> topics;
    const auto add = [&](std::string_view name, std::string value) {
        topics.push_back({.topic = fmt::format("$SYS/broker/{}", name), .value = std::move(value)});
    };
    const auto add_number = [&](std::string_view name, std::uint64_t number) {
        add(name, std::to_string(number));
    };
    const BrokerCounters& counters = context.counters;
    const delivery::Dispatcher::Figures figures = context.dispatcher.figures();
    const std::uint64_t connected = counters.connections;
    const SessionRegistry::Counts sessions = context.registry.counts();
    const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(now - context.started);
    add("version", fmt::format("foz {}", kVersion));
    add("uptime", fmt::format("{} seconds", uptime.count()));
    add_number("clients/connected", connected);
    add_number("clients/active", connected);
    add_number("clients/disconnected", sessions.alone);
    add_number("clients/inactive", sessions.alone);
    add_number("clients/total", connected + sessions.alone);
    add_number("publish/messages/received", counters.messages);
    add_number("publish/messages/sent", figures.deliveries);
    add_number("publish/messages/dropped", counters.dropped + counters.given_up + figures.given_up);
    add_number("subscriptions/count", figures.subscriptions);
    add_number("retained messages/count", figures.retained);
    return topics;
}

}  // namespace foz::broker
