// SPDX-License-Identifier: Apache-2.0
#include "broker/session_registry.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace foz::broker {

SessionRegistry::Claim SessionRegistry::claim(
    std::string_view client_id, ConnectionHandle claimant
) {
    const std::scoped_lock lock(mutex_);
    auto place = entries_.find(client_id);
    if (place == entries_.end()) {
        place = entries_.emplace(std::string(client_id), Entry{}).first;
    }
    Entry& entry = place->second;
    if (!entry.owner) {
        entry.owner = claimant;
        entry.expires.reset();
        return {.granted = true, .displaced = std::nullopt};
    }
    const auto displaced = entry.waiting ? entry.waiting : entry.owner;
    entry.waiting = claimant;
    return {.granted = false, .displaced = displaced};
}

SessionRegistry::Opened SessionRegistry::open(
    std::string_view client_id, bool clean_start, std::uint32_t expiry_seconds
) {
    const std::scoped_lock lock(mutex_);
    const auto place = entries_.find(client_id);
    FOZ_CHECK(place != entries_.end() && place->second.owner);
    Entry& entry = place->second;
    Opened opened;
    auto will = std::exchange(entry.will, nullptr);
    if (entry.session && !clean_start) {
        opened.present =
            true;  // and the will, still delayed, is not to be published [MQTT-3.1.3-9]
        entry.session->set_expiry_seconds(expiry_seconds);
    } else {
        if (expiry_seconds != 0 && entries_.size() > sessions_max_) {
            return opened;
        }
        opened.discarded = entry.session != nullptr;
        if (will) {
            opened.will = std::move(*will);
        }
        entry.session = std::make_shared<Session>(std::string(client_id), expiry_seconds);
    }
    opened.session = entry.session;
    return opened;
}

std::optional<ConnectionHandle> SessionRegistry::release(
    std::string_view client_id,
    ConnectionHandle connection,
    std::optional<Will> will,
    SteadyTime now
) {
    const std::scoped_lock lock(mutex_);
    const auto place = entries_.find(client_id);
    if (place == entries_.end()) {
        return std::nullopt;  // displaced while it waited, and all others are gone already
    }
    Entry& entry = place->second;
    if (entry.waiting == connection) {
        entry.waiting.reset();
        return std::nullopt;
    }
    if (entry.owner != connection) {
        return std::nullopt;  // displaced while it waited: somebody else waits in its place
    }
    entry.owner = std::exchange(entry.waiting, std::nullopt);
    if (entry.session && entry.session->expiry_seconds() == 0) {
        entry.session.reset();
    }
    if (entry.owner) {
        if (will) {
            entry.will = std::make_unique<Will>(std::move(*will));
        }
        return entry.owner;
    }
    if (!entry.session) {
        entries_.erase(place);
        return std::nullopt;
    }
    set_expiry(entry, now);
    if (will) {
        keep_will(entry, std::move(*will), now);
    }
    return std::nullopt;
}

void SessionRegistry::set_expiry(Entry& entry, SteadyTime now) {
    const std::uint32_t seconds = entry.session->expiry_seconds();
    if (seconds == kNeverExpires) {
        return;
    }
    entry.expires = now + std::chrono::seconds(seconds);
    alarms_.push({.when = *entry.expires, .client_id = entry.session->client_id()});
}

void SessionRegistry::keep_will(Entry& entry, Will will, SteadyTime now) {
    entry.will_due = now + will.delay;
    if (entry.expires) {
        entry.will_due = std::min(entry.will_due, *entry.expires);
    }
    entry.will = std::make_unique<Will>(std::move(will));
    alarms_.push({.when = entry.will_due, .client_id = entry.session->client_id()});
}

std::vector<SessionRegistry::Due> SessionRegistry::take_due(
    SteadyTime now, ConnectionHandle claimant
) {
    std::vector<Due> all_due;
    const std::scoped_lock lock(mutex_);
    for (; !alarms_.empty() && alarms_.top().when <= now; alarms_.pop()) {
        const auto place = entries_.find(alarms_.top().client_id);
        if (place == entries_.end() || place->second.owner) {
            continue;  // the client came back, or the session is gone
        }
        if (auto due = due_of(place->second, now, claimant)) {
            due->client_id = place->first;
            all_due.push_back(std::move(*due));
        }
    }
    return all_due;
}

std::optional<SessionRegistry::Due> SessionRegistry::due_of(
    Entry& entry, SteadyTime now, ConnectionHandle claimant
) {
    Due due;
    if (entry.will && entry.will_due <= now) {
        due.will = std::move(*std::exchange(entry.will, nullptr));
    }
    if (entry.expires && *entry.expires <= now) {
        due.expired = true;
        entry.session.reset();
        entry.expires.reset();
        entry.owner = claimant;
    }
    if (!due.will && !due.expired) {
        return std::nullopt;
    }
    return due;
}

void SessionRegistry::restore(std::shared_ptr<Session> session, SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    Entry& entry = entries_[session->client_id()];
    entry.session = std::move(session);
    set_expiry(entry, now);
}

std::vector<std::shared_ptr<Session>> SessionRegistry::persistent_sessions() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::shared_ptr<Session>> sessions;
    for (const auto& [client_id, entry] : entries_) {
        if (entry.session && entry.session->expiry_seconds() != 0) {
            sessions.push_back(entry.session);
        }
    }
    return sessions;
}

}  // namespace foz::broker
