// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.h"

#include <algorithm>
#include <semaphore>
#include <thread>
#include <utility>

#include "base/log.h"
#include "broker/reactor.h"

namespace foz::broker {
namespace {

std::uint32_t reactor_count(const config::Settings& settings) {
    const std::uint32_t cores = std::max(1U, std::thread::hardware_concurrency());
    return settings.reactors == 0 ? cores : settings.reactors;
}

}  // namespace

Broker::Broker(const config::Settings& settings, journal::Journal& journal,
        delivery::RecoveredSessions&& recovered, const Clock& clock, delivery::SetAside* set_aside)
    : context_(settings, reactor_count(settings), journal, std::move(recovered), clock) {
    std::vector<delivery::Outlet*> outlets;
    for (std::uint32_t i = 0; i < context_.reactor_count; ++i) {
        context_.reactors.push_back(std::make_unique<Reactor>(i, context_));
        outlets.push_back(context_.reactors.back().get());
    }
    context_.fetcher = std::make_unique<delivery::Fetcher>(journal, set_aside, clock, outlets);
    context_.dispatcher.start(std::move(outlets));
    journal.add_listener(*this);
}

Result<std::unique_ptr<Broker>> Broker::start(const config::Settings& settings,
        journal::Journal& journal, delivery::RecoveredSessions recovered, const Clock& clock,
        delivery::SetAside* set_aside) {
    auto sessions = std::move(recovered.sessions);
    std::unique_ptr<Broker> broker(
            new Broker(settings, journal, std::move(recovered), clock, set_aside));
    for (auto& session : sessions) {
        session->set_presence({.connected = false, .since = clock.system_now()});
        broker->context_.registry.restore(std::move(session), clock.steady_now());
    }
    for (const config::Listener& listener : settings.listeners) {
        auto policy = AccessPolicy::open(listener, clock.system_now());
        if (!policy) {
            return pass_on(policy);
        }
        broker->policies_.push_back(*std::move(policy));
    }
    // Nobody is let in anywhere before all certificates and passwords have turned out to be good.
    for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
        auto opened = broker::Listener::open(
                settings.listeners[i], *broker->policies_[i], broker->context_);
        if (!opened) {
            return pass_on(opened);
        }
        broker->listeners_.push_back(std::move(*opened));
    }
    return broker;
}

Broker::~Broker() {
    listeners_.clear();
    context_.journal.remove_listener(*this);
    context_.dispatcher.stop();
    context_.fetcher->stop();
    context_.authenticator.stop();
    for (const auto& reactor : context_.reactors) {
        reactor->stop();
    }
    context_.reactors.clear();
}

void Broker::drain(SteadyTime deadline) {
    listeners_.clear();
    for (const auto& reactor : context_.reactors) {
        reactor->drain(deadline);
    }
    for (const auto& reactor : context_.reactors) {
        reactor->join();
    }
}

void Broker::set_committed(journal::Position position) {
    context_.committed = position;
    if (context_.ack == config::Ack::commit) {
        notify_progress();
    }
}

std::vector<std::shared_ptr<Session>> Broker::persistent_sessions() {
    return context_.registry.persistent_sessions();
}

bool Broker::wait_until_appended(SteadyTime deadline) {
    const auto appended = std::make_shared<std::counting_semaphore<>>(0);
    for (const auto& reactor : context_.reactors) {
        reactor->barrier([appended] { appended->release(); });
    }
    for (std::size_t i = 0; i < context_.reactors.size(); ++i) {
        if (!appended->try_acquire_until(deadline)) {
            return false;
        }
    }
    return true;
}

journal::Position Broker::applied() {
    return context_.dispatcher.applied();
}

// On the reactor of the connection that has the session, so that wait_until_appended() covers it.
void Broker::end_sessions(std::span<const std::string> client_ids) {
    for (const std::string& client_id : client_ids) {
        const auto owner = context_.registry.owner_of(client_id);
        context_.reactors[owner ? owner->reactor : 0]->end_session(client_id);
    }
}

void Broker::reload() {
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
        const auto lines = policies_[i]->reload(context_.clock.system_now());
        for (const std::string& line : lines) {
            spdlog::warn("listener {}: {}", listeners_[i]->name(), line);
        }
        spdlog::info("{}", policies_[i]->description(listeners_[i]->address()));
    }
}

std::vector<std::string> Broker::describe_listeners() const {
    std::vector<std::string> lines;
    lines.reserve(listeners_.size());
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
        lines.push_back(policies_[i]->description(listeners_[i]->address()));
    }
    return lines;
}

BrokerStatus Broker::status() const {
    const BrokerCounters& counters = context_.counters;
    return {
        .connections = counters.connections,
        .connections_total = counters.connections_total,
        .connections_refused = counters.connections_refused,
        .messages = counters.messages,
        .protocol_errors = counters.protocol_errors,
        .connection_memory_bytes = context_.connection_memory,
    };
}

void Broker::on_durable(const journal::Durable&) {
    notify_progress();
}

void Broker::notify_progress() {
    for (const auto& reactor : context_.reactors) {
        reactor->notify_progress();
    }
}

void Broker::on_space() {
    for (const auto& reactor : context_.reactors) {
        reactor->notify_space();
    }
}

void Broker::on_failed(const Error& error) {
    spdlog::error("nothing is acknowledged any more: {}", error.message);
}

}  // namespace foz::broker
