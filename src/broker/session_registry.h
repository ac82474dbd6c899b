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
// Any thread. The lock is held for a look at a hash map.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "broker/connection_handle.h"
#include "broker/will.h"
#include "state/session.h"

namespace foz::broker {

using state::kNeverExpires;
using state::Session;

class SessionRegistry {
  public:
    static constexpr std::uint64_t kWillBytesAny = ~std::uint64_t{0};

    /// `sessions_max`: of sessions that outlive their connection. `will_bytes_max`: of wills that
    /// wait for their delay.
    explicit SessionRegistry(
        std::uint32_t sessions_max, std::uint64_t will_bytes_max = kWillBytesAny
    )
        : sessions_max_(sessions_max), will_bytes_max_(will_bytes_max) {}

    struct Claim {
        bool granted = false;
        /// To be closed now as taken over: the owner, or another claimant that had been waiting.
        std::optional<ConnectionHandle> displaced;
    };
    [[nodiscard]] Claim claim(std::string_view client_id, ConnectionHandle claimant);

    struct Opened {
        std::shared_ptr<Session> session;  // null: there are `sessions_max` already
        bool present = false;              // the session is an older one, taken up again
        bool discarded = false;            // an older one was there and has been thrown away
        std::optional<Will>
            will;  // of the discarded one, still delayed: publish it now [MQTT-3.1.2-8]
    };
    /// By the owner only, once, after its claim was granted.
    [[nodiscard]] Opened open(
        std::string_view client_id, bool clean_start, std::uint32_t expiry_seconds
    );

    /// The connection lets go of the client id: as owner, or as one that was waiting for it. A
    /// session whose expiry is 0 ends. `will`, if any, is taken to wait for its delay; where there
    /// is no room for it, it stays with the caller, who publishes it at once. Returns who owns the
    /// client id now.
    [[nodiscard]] std::optional<ConnectionHandle> release(
        std::string_view client_id,
        ConnectionHandle connection,
        std::optional<Will>&& will,
        SteadyTime now
    );

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
        bool kept = false;  // counted in kept_
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

    [[nodiscard]] bool keep_will(Entry& entry, std::optional<Will>& will, SteadyTime now);
    [[nodiscard]] std::optional<Will> take_will(Entry& entry);
    void count(Entry& entry);
    void leave_alone(Entries::value_type& place, SteadyTime now);
    void set_alarm(Entries::value_type& place);
    void drop_alarm(Entries::value_type& place);
    [[nodiscard]] Due due_of(Entry& entry, SteadyTime now, ConnectionHandle claimant);

    const std::uint32_t sessions_max_;
    const std::uint64_t will_bytes_max_;
    mutable std::mutex mutex_;
    // Guarded by mutex_:
    Entries entries_;
    std::uint32_t kept_ = 0;        // entries whose session outlives its connection
    std::uint64_t will_bytes_ = 0;  // of the wills in entries_
    std::set<Alarm> alarms_;  // at most one for each entry, and only while nobody is connected
};

}  // namespace foz::broker
