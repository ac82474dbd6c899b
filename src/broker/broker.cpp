// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.h"

#include <algorithm>
#include <semaphore>
#include <thread>
#include <utility>

#include "base/log.h"
#include "broker/reactor.h"
#include "broker/session_recovery.h"
#include "state/session_checkpoint.h"

namespace foz::broker {
namespace {

std::vector<state::SessionSnapshot> snapshots_of(std::span<const std::shared_ptr<Session>> sessions
) {
    std::vector<state::SessionSnapshot> snapshots;
    snapshots.reserve(sessions.size());
    for (const auto& session : sessions) {
        snapshots.push_back({
            .client_id = session->client_id(),
            .expiry_seconds = session->expiry_seconds(),
            .unreleased = session->unreleased(),
        });
    }
    return snapshots;
}

}  // namespace

Broker::Broker(
    const config::Settings& settings,
    journal::Journal& journal,
    state::StateDatabase& state,
    const Clock& clock
)
    : context_(settings.limits, settings.ack, journal, clock), state_(state) {
    const std::uint32_t cores = std::max(1U, std::thread::hardware_concurrency());
    const std::uint32_t count = settings.reactors == 0 ? cores : settings.reactors;
    for (std::uint32_t i = 0; i < count; ++i) {
        context_.reactors.push_back(std::make_unique<Reactor>(i, context_));
    }
    journal.add_listener(*this);
}

Result<std::unique_ptr<Broker>> Broker::start(
    const config::Settings& settings,
    journal::Journal& journal,
    state::StateDatabase& state,
    const Clock& clock
) {
    auto sessions = recover_sessions(journal, state);
    if (!sessions) {
        return pass_on(sessions);
    }
    std::unique_ptr<Broker> broker(new Broker(settings, journal, state, clock));
    for (auto& session : *sessions) {
        broker->context_.registry.restore(std::move(session), clock.steady_now());
    }
    for (const config::Listener& listener : settings.listeners) {
        auto opened = broker::Listener::open(listener, broker->context_);
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
        on_durable(position);
    }
}

void Broker::save_sessions() {
    journal::Journal& journal = context_.journal;
    const std::string id = journal.status().id;
    // Records below this are in the snapshot: a session changes before its record is appended.
    journal::Position position = journal.status().end;
    auto sessions = context_.registry.persistent_sessions();
    auto snapshots = snapshots_of(sessions);
    // The snapshot may hold changes whose records are not on disk yet. Saved before them, it would
    // remember, after a crash, messages that are lost, and take the client's second try for a
    // duplicate.
    if (!snapshots.empty() && !wait_until_all_is_durable()) {
        // The journal is full, perhaps because this very cursor stands still: go by what is in it.
        position = journal.durable_end();
        auto recovered = recover_sessions(journal, state_);
        if (!recovered) {
            spdlog::warn("sessions are not saved: {}", recovered.error().message);
            return;
        }
        snapshots = snapshots_of(*recovered);
    }
    if (auto saved = state::save_sessions(state_, id, position, snapshots); !saved) {
        spdlog::warn(
            "sessions are not saved, so the journal keeps their records: {}", saved.error().message
        );
        return;
    }
    journal.set_cursor(kSessionCursor, position);
}

// Waits until everything that was received before this call is on disk. False: it takes too long.
bool Broker::wait_until_all_is_durable() {
    const SteadyTime deadline = context_.clock.steady_now() + std::chrono::seconds(2);
    const auto appended = std::make_shared<std::counting_semaphore<>>(0);
    for (const auto& reactor : context_.reactors) {
        reactor->barrier([appended] { appended->release(); });
    }
    for (std::size_t i = 0; i < context_.reactors.size(); ++i) {
        if (!appended->try_acquire_until(deadline)) {
            return false;
        }
    }
    const journal::Position end = context_.journal.status().end;
    return end == 0 || context_.journal.wait_for(end - 1, deadline);
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

void Broker::on_durable(journal::Position) {
    for (const auto& reactor : context_.reactors) {
        reactor->notify_progress();
    }
}

void Broker::on_room() {
    for (const auto& reactor : context_.reactors) {
        reactor->notify_room();
    }
}

void Broker::on_failed(const Error& error) {
    spdlog::error("nothing is acknowledged any more: {}", error.message);
}

}  // namespace foz::broker
