// SPDX-License-Identifier: Apache-2.0
#include "broker/session_registry.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace foz::broker {

// An entry is in one of these states:
//
//   owner, no waiting     a connection has the client id, or an ender is about to journal an end
//   owner and waiting     the owner was told to go; each newcomer displaces the one that waits
//   no owner, session     nobody is connected: an alarm if it expires or has a will, in droppable_
//                         if it holds nothing
//
// Without owner and session there is no entry. Alarm and turn exist in the third state only.
SessionRegistry::Claim SessionRegistry::claim(
        std::string_view client_id, ConnectionHandle claimant) {
    const MutexLock lock(mutex_);
    auto place = entries_.find(client_id);
    if (place == entries_.end()) {
        place = entries_.emplace(std::string(client_id), Entry{}).first;
    }
    Entry& entry = place->second;
    if (!entry.owner) {
        alone_ -= entry.session ? 1 : 0;
        entry.owner = claimant;
        entry.expires.reset();
        drop_alarm(*place);
        keep(entry);
        return {.granted = true, .displaced = std::nullopt};
    }
    const auto displaced = entry.waiting ? entry.waiting : entry.owner;
    entry.waiting = claimant;
    return {.granted = false, .displaced = displaced};
}

SessionRegistry::Opened SessionRegistry::open(std::string_view client_id, bool clean_start,
        std::uint32_t expiry_seconds, ConnectionHandle ender) {
    const MutexLock lock(mutex_);
    const auto place = entries_.find(client_id);
    FOZ_CHECK(place != entries_.end() && place->second.owner);
    Entry& entry = place->second;
    Opened opened;
    if (entry.session && !clean_start) {
        opened.present = true;
        (void)take_will(entry);  // still delayed, it is not to be published [MQTT-3.1.3-9]
        entry.session->set_expiry_seconds(expiry_seconds);
    } else {
        if (expiry_seconds != 0 && !entry.kept && kept_ >= sessions_max_) {
            opened.dropped = evict_one(ender);
            if (!opened.dropped) {
                return opened;
            }
        }
        opened.discarded = entry.session != nullptr;
        opened.will = take_will(entry);
        entry.session = std::make_shared<Session>(std::string(client_id), expiry_seconds);
    }
    count(entry);
    opened.session = entry.session;
    return opened;
}

std::optional<ConnectionHandle> SessionRegistry::release(std::string_view client_id,
        ConnectionHandle connection, std::optional<Will>&& will, SteadyTime now) {
    const MutexLock lock(mutex_);
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
    // From here on the one that waited is the owner, and calls open() on its own thread.
    if (entry.session && entry.session->expiry_seconds() == 0) {
        entry.session.reset();
    }
    count(entry);
    if (will && keep_will(entry, *will, now)) {
        will.reset();
    }
    if (entry.owner) {
        return entry.owner;
    }
    if (!entry.session) {
        (void)take_will(entry);
        entries_.erase(place);
        return std::nullopt;
    }
    leave_alone(*place, now);
    return std::nullopt;
}

// A newcomer that waits decides in a moment what becomes of it: that one always has room.
bool SessionRegistry::keep_will(Entry& entry, Will& will, SteadyTime now) {
    (void)take_will(entry);
    if (!entry.owner && will_bytes_ + will.bytes() > will_bytes_max_) {
        return false;
    }
    entry.will_due = now + will.delay;
    entry.will = std::make_unique<Will>(std::move(will));
    will_bytes_ += entry.will->bytes();
    return true;
}

std::optional<Will> SessionRegistry::take_will(Entry& entry) {
    if (!entry.will) {
        return std::nullopt;
    }
    will_bytes_ -= entry.will->bytes();
    return std::move(*std::exchange(entry.will, nullptr));
}

void SessionRegistry::count(Entry& entry) {
    const bool kept = entry.session && entry.session->expiry_seconds() != 0;
    if (kept != entry.kept) {
        entry.kept = kept;
        kept_ += kept ? 1 : -1;
    }
}

// Nobody is connected any more: from now on the session expires, and a will waits for its delay,
// also one that an earlier connection has left.
void SessionRegistry::leave_alone(Entries::value_type& place, SteadyTime now) {
    Entry& entry = place.second;
    ++alone_;
    const std::uint32_t seconds = entry.session->expiry_seconds();
    if (seconds != kNeverExpires) {
        entry.expires = now + std::chrono::seconds(seconds);
        entry.will_due = std::min(entry.will_due, *entry.expires);
    }
    set_alarm(place);
    set_droppable(place);
}

// Nobody is connected, so that what it holds does not change but for its will.
void SessionRegistry::set_droppable(Entries::value_type& place) {
    Entry& entry = place.second;
    keep(entry);
    if (entry.kept && !entry.will && entry.session->unreleased_count() == 0 &&
            !entry.session->has_subscribed()) {
        entry.turn = ++last_turn_;
        droppable_.emplace(entry.turn, &place.first);
    }
}

void SessionRegistry::keep(Entry& entry) {
    if (entry.turn != 0) {
        droppable_.erase(std::exchange(entry.turn, 0));
    }
}

// The session no longer exists, and `ender` says so to the journal before anybody else has the
// client id.
void SessionRegistry::take_away(Entries::value_type& place, ConnectionHandle ender) {
    Entry& entry = place.second;
    drop_alarm(place);
    keep(entry);
    --alone_;
    entry.session.reset();
    count(entry);
    entry.expires.reset();
    entry.owner = ender;
}

std::optional<std::string> SessionRegistry::evict_one(ConnectionHandle ender) {
    if (droppable_.empty()) {
        return std::nullopt;
    }
    // claim() has taken out what somebody has come back for.
    const auto place = entries_.find(*droppable_.begin()->second);
    FOZ_CHECK(place != entries_.end() && !place->second.owner);
    take_away(*place, ender);
    return place->first;
}

SessionRegistry::Ended SessionRegistry::end(std::string_view client_id, ConnectionHandle ender) {
    const MutexLock lock(mutex_);
    const auto place = entries_.find(client_id);
    if (place == entries_.end()) {
        return {};
    }
    if (const auto& owner = place->second.owner) {
        return {.taken = false, .will = std::nullopt, .owner = owner};
    }
    Ended ended{.taken = true, .will = take_will(place->second), .owner = std::nullopt};
    take_away(*place, ender);
    return ended;
}

std::optional<ConnectionHandle> SessionRegistry::owner_of(std::string_view client_id) const {
    const MutexLock lock(mutex_);
    const auto place = entries_.find(client_id);
    return place == entries_.end() ? std::nullopt : place->second.owner;
}

SessionRegistry::Counts SessionRegistry::counts() const {
    const MutexLock lock(mutex_);
    return {
        .kept = kept_, .droppable = static_cast<std::uint32_t>(droppable_.size()), .alone = alone_};
}

void SessionRegistry::set_alarm(Entries::value_type& place) {
    drop_alarm(place);
    Entry& entry = place.second;
    entry.alarm = entry.expires;
    if (entry.will) {
        entry.alarm = std::min(entry.alarm.value_or(entry.will_due), entry.will_due);
    }
    if (entry.alarm) {
        alarms_.insert({.when = *entry.alarm, .client_id = &place.first});
    }
}

void SessionRegistry::drop_alarm(Entries::value_type& place) {
    if (const auto when = std::exchange(place.second.alarm, std::nullopt)) {
        alarms_.erase({.when = *when, .client_id = &place.first});
    }
}

std::vector<SessionRegistry::Due> SessionRegistry::take_due(
        SteadyTime now, ConnectionHandle claimant) {
    std::vector<Due> all_due;
    const MutexLock lock(mutex_);
    while (!alarms_.empty() && alarms_.begin()->when <= now) {
        const auto place = entries_.find(*alarms_.begin()->client_id);
        FOZ_CHECK(place != entries_.end() && !place->second.owner);
        drop_alarm(*place);
        Due due = due_of(*place, now, claimant);
        if (!due.expired) {
            set_alarm(*place);
            set_droppable(*place);
        }
        due.client_id = place->first;
        all_due.push_back(std::move(due));
    }
    return all_due;
}

SessionRegistry::Due SessionRegistry::due_of(
        Entries::value_type& place, SteadyTime now, ConnectionHandle claimant) {
    Entry& entry = place.second;
    Due due;
    if (entry.will_due <= now) {
        due.will = take_will(entry);
    }
    if (entry.expires && *entry.expires <= now) {
        due.expired = true;
        take_away(place, claimant);
    }
    return due;
}

void SessionRegistry::restore(std::shared_ptr<Session> session, SteadyTime now) {
    const MutexLock lock(mutex_);
    const auto place = entries_.try_emplace(session->client_id()).first;
    place->second.session = std::move(session);
    count(place->second);
    leave_alone(*place, now);
}

std::vector<std::shared_ptr<Session>> SessionRegistry::persistent_sessions() const {
    const MutexLock lock(mutex_);
    std::vector<std::shared_ptr<Session>> sessions;
    for (const auto& [client_id, entry] : entries_) {
        if (entry.session && entry.session->expiry_seconds() != 0) {
            sessions.push_back(entry.session);
        }
    }
    return sessions;
}

}  // namespace foz::broker
