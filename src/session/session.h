// SPDX-License-Identifier: Apache-2.0
// The state that MQTT calls a session [MQTT-4.1]: what a server remembers of a client between its
// connections, and foz as a client of another broker between its own: the QoS 2 messages received
// and not yet released, and what is on its way to the client.
//
// A packet id alone does not tell a message that is sent again from a new one: a peer that was
// killed may go on from an older state of its own (Mosquitto saves it now and then only), and gives
// new messages packet ids that foz already knows. Hence the content is compared too.
//
// Any thread: the connection that uses it, the dispatcher that gives it messages, the checkpoint
// that saves it. The lock is held for a look at a vector, never across I/O.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/mutex.h"
#include "session/deliveries.h"

namespace foz::session {

/// Never expires [MQTT-3.1.2.11.2].
inline constexpr std::uint32_t kNeverExpires = 0xFFFF'FFFF;

/// A QoS 2 message that was received and whose PUBREL has not come.
struct Unreleased {
    std::uint16_t packet_id = 0;
    std::uint32_t content = 0;  // the checksum of its topic and payload, as the journal has them

    bool operator==(const Unreleased&) const = default;
};

class Session {
  public:
    Session(std::string client_id, std::uint32_t expiry_seconds)
        : client_id_(std::move(client_id)), expiry_seconds_(expiry_seconds) {}

    [[nodiscard]] const std::string& client_id() const { return client_id_; }

    /// 0: the session ends with its connection.
    [[nodiscard]] std::uint32_t expiry_seconds() const {
        const MutexLock lock(mutex_);
        return expiry_seconds_;
    }
    void set_expiry_seconds(std::uint32_t seconds) {
        const MutexLock lock(mutex_);
        expiry_seconds_ = seconds;
    }

    /// Notes that a QoS 2 PUBLISH was taken; `topic` is the one that goes into the journal. False:
    /// it was noted before and not released since, so this one is the same message sent again
    /// [MQTT-4.3.3-10].
    [[nodiscard]] bool note_received(
            std::uint16_t packet_id, std::string_view topic, std::string_view payload) {
        return note_received({.packet_id = packet_id,
            .content = crc32c(as_bytes(payload), crc32c(as_bytes(topic)))});
    }
    [[nodiscard]] bool note_received(Unreleased message) {
        const MutexLock lock(mutex_);
        const auto place = place_of(message.packet_id);
        if (place == unreleased_.end() || place->packet_id != message.packet_id) {
            unreleased_.insert(place, message);
            return true;
        }
        return std::exchange(*place, message) != message;
    }

    /// Notes a PUBREL. False: no such packet id is waiting for one.
    [[nodiscard]] bool note_released(std::uint16_t packet_id) {
        const MutexLock lock(mutex_);
        const auto place = place_of(packet_id);
        if (place == unreleased_.end() || place->packet_id != packet_id) {
            return false;
        }
        unreleased_.erase(place);
        return true;
    }

    /// It has, or had, a subscription.
    void note_subscribed() { has_subscribed_ = true; }
    [[nodiscard]] bool has_subscribed() const { return has_subscribed_; }
    /// Calls `use(Deliveries&)`, and gives what it gives. Short, and without I/O.
    template <class Use>
    auto with_deliveries(Use use) {
        const MutexLock lock(mutex_);
        return use(deliveries_);
    }
    [[nodiscard]] Deliveries deliveries() const {
        const MutexLock lock(mutex_);
        return deliveries_;
    }

    /// For a person who looks at the sessions. `since` the epoch: not known.
    struct Presence {
        bool connected = false;
        SystemTime since;

        bool operator==(const Presence&) const = default;
    };
    [[nodiscard]] Presence presence() const {
        const MutexLock lock(mutex_);
        return presence_;
    }
    void set_presence(Presence presence) {
        const MutexLock lock(mutex_);
        presence_ = presence;
    }

    /// The other side has discarded the session: its packet ids stand for new messages.
    void forget_received() {
        const MutexLock lock(mutex_);
        unreleased_.clear();
    }

    [[nodiscard]] std::size_t unreleased_count() const {
        const MutexLock lock(mutex_);
        return unreleased_.size();
    }
    [[nodiscard]] std::vector<Unreleased> unreleased() const {
        const MutexLock lock(mutex_);
        return unreleased_;
    }

  private:
    [[nodiscard]] std::vector<Unreleased>::iterator place_of(std::uint16_t packet_id)
            FOZ_REQUIRES(mutex_) {
        return std::ranges::lower_bound(unreleased_, packet_id, {}, &Unreleased::packet_id);
    }

    const std::string client_id_;
    std::atomic<bool> has_subscribed_ = false;
    mutable Mutex mutex_;
    std::uint32_t expiry_seconds_ FOZ_GUARDED_BY(mutex_);
    std::vector<Unreleased> unreleased_ FOZ_GUARDED_BY(mutex_);  // sorted by packet id
    Deliveries deliveries_ FOZ_GUARDED_BY(mutex_);
    Presence presence_ FOZ_GUARDED_BY(mutex_);
};

}  // namespace foz::session
