// SPDX-License-Identifier: Apache-2.0
// Which client ids have a session, and which connection owns each. At most one connection has a
// client id at a time [MQTT-3.1.4-3]: a newcomer takes over, but only after the older connection
// has let go, so that everything the older one received is in the journal before the newcomer goes
// on.
//
//   claim() ──▶ granted at once, or: displace the owner, and wait for release() to hand over
//   open()  ──▶ the granted connection takes up the session, or starts a new one
//   release() ─▶ the connection is gone; who is granted next?
//   take_due() ─▶ sessions that expire, wills whose delay is over
//
// When there are as many sessions as there may be, one that holds nothing and whose client is gone
// makes room for a new one: the one whose client has been gone for longest.
//
// Any thread. The lock is held for a look at a hash map.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "broker/connection_handle.h"
#include "broker/will.h"
#include "session/session.h"

namespace foz::broker {

using session::kNeverExpires;
using session::Session;

class SessionRegistry {
  public:
    static constexpr std::uint64_t kWillBytesAny = ~std::uint64_t{0};

    /// `sessions_max`: of sessions that outlive their connection. `will_bytes_max`: of wills that
    /// wait for their delay.
    explicit SessionRegistry(
            std::uint32_t sessions_max, std::uint64_t will_bytes_max = kWillBytesAny)
        : sessions_max_(sessions_max), will_bytes_max_(will_bytes_max) {}

    struct Claim {
        bool granted = false;
        /// To be closed now as taken over: the owner, or another claimant that had been waiting.
        std::optional<ConnectionHandle> displaced;
    };
    [[nodiscard]] Claim claim(std::string_view client_id, ConnectionHandle claimant);

    struct Opened {
        std::shared_ptr<Session> session;  // null: there are `sessions_max`, none without use
        bool present = false;              // the session is an older one, taken up again
        bool discarded = false;            // an older one was there and has been thrown away
        std::optional<Will>
                will;  // of the discarded one, still delayed: publish it now [MQTT-3.1.2-8]
        /// Whose session was dropped to make room: its end is to be journaled by `ender`, who owns
        /// that client id until then.
        std::optional<std::string> dropped;
    };
    /// By the owner only, once, after its claim was granted.
    [[nodiscard]] Opened open(std::string_view client_id, bool clean_start,
            std::uint32_t expiry_seconds,
            ConnectionHandle ender = {.reactor = 0, .slot = kNoSlot, .generation = 0});

    struct Ended {
        bool taken = false;  // the session no longer exists; `ender` owns the client id, as above
        std::optional<Will> will;               // of it: publish it now
        std::optional<ConnectionHandle> owner;  // who has it, and must end it itself
    };
    /// Ends a session whose client is gone, by the wish of a person.
    [[nodiscard]] Ended end(std::string_view client_id, ConnectionHandle ender);

    /// Who has the client id now.
    [[nodiscard]] std::optional<ConnectionHandle> owner_of(std::string_view client_id) const;

    struct Counts {
        std::uint32_t kept = 0;       // sessions that outlive their connections
        std::uint32_t droppable = 0;  // those that hold nothing and whose clients are gone
        std::uint32_t alone = 0;      // those whose clients are gone
    };
    [[nodiscard]] Counts counts() const;

    /// The connection lets go of the client id: as owner, or as one that was waiting for it. A
    /// session whose expiry is 0 ends. `will`, if any, is taken to wait for its delay; where there
    /// is no room for it, it stays with the caller, who publishes it at once. Returns who owns the
    /// client id now.
    [[nodiscard]] std::optional<ConnectionHandle> release(std::string_view client_id,
            ConnectionHandle connection, std::optional<Will>&& will, SteadyTime now);

    struct Due {
        std::string client_id;
        std::optional<Will> will;  // to be published now
        bool expired = false;      // the session has ended; `claimant` owns the client id
    };
    /// What is due by `now`. A session that expires is handed to `claimant`, which journals its end
    /// and then releases it, so that a client that comes back in between starts after that.
    [[nodiscard]] std::vector<Due> take_due(SteadyTime now, ConnectionHandle claimant);

    /// Puts back a session that the journal remembers, as of a client that has just disconnected.
    void restore(std::shared_ptr<Session> session, SteadyTime now);

    /// Every session that outlives its connection.
    [[nodiscard]] std::vector<std::shared_ptr<Session>> persistent_sessions() const;

  private:
    struct Entry {
        std::shared_ptr<Session> session;
        std::optional<ConnectionHandle> owner;
        std::optional<ConnectionHandle> waiting;
        // While nobody is connected:
        std::optional<SteadyTime> expires;
        std::unique_ptr<Will> will;
        SteadyTime will_due;
        std::optional<SteadyTime> alarm;
        std::uint64_t turn = 0;  // of its session in droppable_; 0: it is not there
        bool kept = false;       // counted in kept_
    };
    /// A moment at which an entry is to be looked at, which says what is due.
    struct Alarm {
        SteadyTime when;
        const std::string* client_id = nullptr;  // the entry's key
        auto operator<=>(const Alarm&) const = default;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };

    using Entries = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;

    /// False, and `will` as it was: there is no room for it.
    [[nodiscard]] bool keep_will(Entry& entry, Will& will, SteadyTime now) FOZ_REQUIRES(mutex_);
    [[nodiscard]] std::optional<Will> take_will(Entry& entry) FOZ_REQUIRES(mutex_);
    void count(Entry& entry) FOZ_REQUIRES(mutex_);
    void leave_alone(Entries::value_type& place, SteadyTime now) FOZ_REQUIRES(mutex_);
    void set_alarm(Entries::value_type& place) FOZ_REQUIRES(mutex_);
    void drop_alarm(Entries::value_type& place) FOZ_REQUIRES(mutex_);
    void set_droppable(Entries::value_type& place) FOZ_REQUIRES(mutex_);
    void keep(Entry& entry) FOZ_REQUIRES(mutex_);
    void take_away(Entries::value_type& place, ConnectionHandle ender) FOZ_REQUIRES(mutex_);
    [[nodiscard]] std::optional<std::string> evict_one(ConnectionHandle ender) FOZ_REQUIRES(mutex_);
    [[nodiscard]] Due due_of(Entries::value_type& place, SteadyTime now, ConnectionHandle claimant)
            FOZ_REQUIRES(mutex_);

    const std::uint32_t sessions_max_;
    const std::uint64_t will_bytes_max_;
    mutable Mutex mutex_;
    Entries entries_ FOZ_GUARDED_BY(mutex_);
    // Entries whose session outlives its connection.
    std::uint32_t kept_ FOZ_GUARDED_BY(mutex_) = 0;
    std::uint32_t alone_ FOZ_GUARDED_BY(mutex_) = 0;  // of these, those that nobody owns
    // Longest gone first; entries' keys.
    std::map<std::uint64_t, const std::string*> droppable_ FOZ_GUARDED_BY(mutex_);
    std::uint64_t last_turn_ FOZ_GUARDED_BY(mutex_) = 0;
    std::uint64_t will_bytes_ FOZ_GUARDED_BY(mutex_) = 0;  // of the wills in entries_
    // At most one for each entry, and only while nobody is connected.
    std::set<Alarm> alarms_ FOZ_GUARDED_BY(mutex_);
};

}  // namespace foz::broker
