// SPDX-License-Identifier: Apache-2.0
#include "broker/departures.h"

#include <utility>

#include "broker/reactor.h"

namespace foz::broker {

void Departures::add_ended_session(const std::string& client_id) {
    inbox_.add_session_record(mqtt::RecordKind::session_ended,
            {.client_id = client_id, .packet_id = 0, .expiry_seconds = 0});
    add(client_id, ender(), std::nullopt, nullptr);
}

void Departures::release(SteadyTime now) {
    // What is published here goes into the next append.
    for (Departure& departure : std::exchange(waiting_, {})) {
        if (departure.subscriber) {
            // Before the client id is free: whoever gets it is attached after this.
            context_.dispatcher.detach(std::move(departure.subscriber),
                    {.reactor = reactor_, .connection = departure.connection.token()});
        }
        const auto next = context_.registry.release(
                departure.client_id, departure.connection, std::move(departure.will), now);
        if (next && next->slot != kNoSlot) {
            context_.reactors[next->reactor]->grant(*next);
        }
        if (const auto& will = departure.will) {  // the registry had no room for it
            log_.note_early_will(departure.client_id, now);
            will->publish(departure.client_id, inbox_);
        }
    }
}

void Departures::take_due(SteadyTime now) {
    for (const SessionRegistry::Due& due : context_.registry.take_due(now, ender())) {
        if (due.will) {
            due.will->publish(due.client_id, inbox_);
        }
        if (due.expired) {
            add_ended_session(due.client_id);
        }
    }
}

std::optional<ConnectionHandle> Departures::end_session(const std::string& client_id) {
    auto ended = context_.registry.end(client_id, ender());
    if (ended.taken) {
        if (ended.will) {
            ended.will->publish(client_id, inbox_);
        }
        add_ended_session(client_id);
        return std::nullopt;
    }
    if (!ended.owner || ended.owner->slot == kNoSlot) {
        return std::nullopt;  // there is none, or it is being ended
    }
    if (ended.owner->reactor != reactor_) {
        context_.reactors[ended.owner->reactor]->end_session(client_id);
        return std::nullopt;
    }
    return ended.owner;
}

void Departures::warn_of_sessions(SteadyTime now) {
    constexpr std::uint64_t kWarnPercent = 80;
    const SessionRegistry::Counts counts = context_.registry.counts();
    const std::uint64_t limit = context_.settings.limits.sessions;
    if (counts.kept * std::uint64_t{100} < limit * kWarnPercent || !sessions_throttle_.pass(now)) {
        return;
    }
    spdlog::warn(
            "limits.sessions = {}: {} sessions are kept, of which {} hold nothing and make room "
            "for new ones, the oldest first; without room, new clients that want a session are "
            "refused. foz sessions lists them, foz sessions end CLIENT ends one",
            limit, counts.kept, counts.droppable);
}

}  // namespace foz::broker
