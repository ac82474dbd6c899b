// SPDX-License-Identifier: Apache-2.0
// The connections of one reactor, by handle. A reference to one is good until sweep(), which comes
// at the end of a tick: whoever ends a connection retires it, and those who still work on it find
// Connection::Phase::finished. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "broker/connection.h"
#include "broker/connection_handle.h"

namespace foz::broker {

class ConnectionTable {
  public:
    explicit ConnectionTable(std::uint32_t reactor) : reactor_(reactor) {}

    /// `make(ConnectionHandle)` gives a std::unique_ptr<Connection>.
    template <class Make>
    Connection& add(Make make) {
        if (free_.empty()) {
            free_.push_back(static_cast<std::uint32_t>(slots_.size()));
            slots_.emplace_back();
        }
        const std::uint32_t number = free_.back();
        free_.pop_back();
        Slot& slot = slots_[number];
        slot.connection = make(ConnectionHandle{
            .reactor = reactor_, .slot = number, .generation = slot.generation});
        return *slot.connection;
    }

    /// By ConnectionHandle::token(). Null: it was retired.
    [[nodiscard]] Connection* find(std::uint64_t token) {
        const auto number = static_cast<std::uint32_t>(token);
        if (number >= slots_.size()) {
            return nullptr;
        }
        Slot& slot = slots_[number];
        return slot.generation == token >> 32 ? slot.connection.get() : nullptr;
    }
    [[nodiscard]] Connection* find(ConnectionHandle handle) { return find(handle.token()); }

    void retire(const Connection& connection) {
        const std::uint32_t number = connection.self.slot;
        Slot& slot = slots_[number];
        retired_.push_back(std::move(slot.connection));
        ++slot.generation;
        free_.push_back(number);
    }
    /// Destroys what was retired.
    void sweep() { retired_.clear(); }

    template <class Visit>
    void for_each(Visit visit) {
        for (const Slot& slot : slots_) {
            if (slot.connection) {
                visit(*slot.connection);
            }
        }
    }

  private:
    struct Slot {
        std::unique_ptr<Connection> connection;
        std::uint32_t generation = 0;
    };

    const std::uint32_t reactor_;
    std::deque<Slot> slots_;
    std::vector<std::uint32_t> free_;
    std::vector<std::unique_ptr<Connection>> retired_;
};

}  // namespace foz::broker
