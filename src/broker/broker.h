// SPDX-License-Identifier: Apache-2.0
// The MQTT server: listeners, reactors, sessions. Everything that clients publish goes into the
// journal; acknowledgements come back when it is durable there (or as the ack policy says).
//
// QoS 2 is exactly once into the journal also across a crash: which packet ids are unreleased is in
// the journal's records, from the last checkpoint on (session_recovery.h).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "broker/listener.h"
#include "broker/reactor_context.h"
#include "config/settings.h"
#include "journal/journal.h"
#include "state/state_database.h"

namespace foz::broker {

/// A snapshot for people.
struct BrokerStatus {
    std::uint64_t connections = 0;
    std::uint64_t connections_total = 0;
    std::uint64_t connections_refused = 0;
    std::uint64_t messages = 0;
    std::uint64_t protocol_errors = 0;
    std::uint64_t connection_memory_bytes = 0;
};

class Broker final : public journal::Listener {
  public:
    /// Recovers the sessions, starts the reactors, and opens the listeners. All arguments must
    /// outlive it.
    [[nodiscard]] static Result<std::unique_ptr<Broker>> start(
        const config::Settings& settings,
        journal::Journal& journal,
        state::StateDatabase& state,
        const Clock& clock
    );
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;
    /// Stops at once; drain() first for a clean end.
    ~Broker() override;

    /// Stops accepting and reading, acknowledges what becomes durable until `deadline`, and
    /// disconnects. Call once.
    void drain(SteadyTime deadline);

    /// With ack = "commit": everything below `position` is in every database that takes it. Any
    /// thread.
    void set_committed(journal::Position position);

    /// Saves the sessions, so that the journal need not keep its records for them. Any one thread;
    /// blocks for some seconds at most. Call now and then, and before drain().
    void save_sessions();

    [[nodiscard]] std::span<const std::unique_ptr<broker::Listener>> listeners() const {
        return listeners_;
    }
    [[nodiscard]] BrokerStatus status() const;

  private:
    Broker(
        const config::Settings& settings,
        journal::Journal& journal,
        state::StateDatabase& state,
        const Clock& clock
    );
    [[nodiscard]] bool wait_until_all_is_durable();

    void on_durable(journal::Position end) override;
    void on_room() override;
    void on_failed(const Error& error) override;

    ReactorContext context_;
    state::StateDatabase& state_;
    std::vector<std::unique_ptr<broker::Listener>> listeners_;
};

}  // namespace foz::broker
