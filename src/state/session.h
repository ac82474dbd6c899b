// SPDX-License-Identifier: Apache-2.0
// The state that MQTT calls a session [MQTT-4.1]: what a server remembers of a client between its
// connections, and foz as a client of another broker between its own: the QoS 2 packet ids received
// and not yet released.
//
// Any thread: the connection that uses it, and the checkpoint that saves it. The lock is held for a
// look at a short vector, never across I/O.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace foz::state {

/// Never expires [MQTT-3.1.2.11.2].
inline constexpr std::uint32_t kNeverExpires = 0xFFFF'FFFF;

class Session {
  public:
    Session(std::string client_id, std::uint32_t expiry_seconds)
        : client_id_(std::move(client_id)), expiry_seconds_(expiry_seconds) {}

    [[nodiscard]] const std::string& client_id() const { return client_id_; }

    /// 0: the session ends with its connection.
    [[nodiscard]] std::uint32_t expiry_seconds() const {
        const std::scoped_lock lock(mutex_);
        return expiry_seconds_;
    }
    void set_expiry_seconds(std::uint32_t seconds) {
        const std::scoped_lock lock(mutex_);
        expiry_seconds_ = seconds;
    }

    /// Notes that a QoS 2 PUBLISH with this packet id was taken. False: it was noted before and not
    /// released since, so this one is the same message sent again [MQTT-4.3.3-10].
    [[nodiscard]] bool note_received(std::uint16_t packet_id) {
        const std::scoped_lock lock(mutex_);
        const auto place = std::ranges::lower_bound(unreleased_, packet_id);
        if (place != unreleased_.end() && *place == packet_id) {
            return false;
        }
        unreleased_.insert(place, packet_id);
        return true;
    }

    /// Notes a PUBREL. False: no such packet id is waiting for one.
    [[nodiscard]] bool note_released(std::uint16_t packet_id) {
        const std::scoped_lock lock(mutex_);
        const auto place = std::ranges::lower_bound(unreleased_, packet_id);
        if (place == unreleased_.end() || *place != packet_id) {
            return false;
        }
        unreleased_.erase(place);
        return true;
    }

    /// The other side has discarded the session: its packet ids stand for new messages.
    void forget_received() {
        const std::scoped_lock lock(mutex_);
        unreleased_.clear();
    }

    [[nodiscard]] std::size_t unreleased_count() const {
        const std::scoped_lock lock(mutex_);
        return unreleased_.size();
    }
    [[nodiscard]] std::vector<std::uint16_t> unreleased() const {
        const std::scoped_lock lock(mutex_);
        return unreleased_;
    }

  private:
    const std::string client_id_;
    mutable std::mutex mutex_;
    std::uint32_t expiry_seconds_;           // guarded by mutex_
    std::vector<std::uint16_t> unreleased_;  // guarded by mutex_; sorted
};

}  // namespace foz::state
