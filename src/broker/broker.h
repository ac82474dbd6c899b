// SPDX-License-Identifier: Apache-2.0
// The MQTT server: listeners, reactors, sessions. Everything that clients publish goes into the
// journal; acknowledgements come back when it is durable there (or as the ack policy says).
//
// QoS 2 is exactly once into the journal also across a crash: which packet ids are unreleased is in
// the journal's records, from the last checkpoint on (delivery/session_recovery.h).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "broker/access_policy.h"
#include "broker/listener.h"
#include "broker/reactor_context.h"
#include "config/settings.h"
#include "delivery/session_recovery.h"
#include "delivery/set_aside.h"
#include "journal/journal.h"
#include "session/session_holder.h"

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

class Broker final : public journal::Listener, public session::SessionHolder {
  public:
    /// Takes up the sessions that were recovered, starts the reactors, and opens the listeners.
    /// What is passed by reference must outlive it. `set_aside`: messages that the journal has no
    /// longer; null: there are none.
    [[nodiscard]] static Result<std::unique_ptr<Broker>> start(const config::Settings& settings,
            journal::Journal& journal, delivery::RecoveredSessions recovered, const Clock& clock,
            delivery::SetAside* set_aside = nullptr);
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

    [[nodiscard]] std::vector<std::shared_ptr<Session>> persistent_sessions() override;
    [[nodiscard]] bool wait_until_appended(SteadyTime deadline) override;
    [[nodiscard]] journal::Position applied() override;
    void end_sessions(std::span<const std::string> client_ids) override;

    [[nodiscard]] std::span<const std::unique_ptr<broker::Listener>> listeners() const {
        return listeners_;
    }
    [[nodiscard]] BrokerStatus status() const;
    /// For who else brings messages into the journal.
    [[nodiscard]] delivery::RetainedWatcher& retained_watcher() { return context_.dispatcher; }

    /// Reads certificates and password files again; a broken one leaves the old one in force. Says
    /// in the log what came of it. One thread at a time.
    void reload();
    /// A line for each listener, for the log: what it is, and what it asks for.
    [[nodiscard]] std::vector<std::string> describe_listeners() const;

  private:
    Broker(const config::Settings& settings, journal::Journal& journal,
            delivery::RecoveredSessions&& recovered, const Clock& clock,
            delivery::SetAside* set_aside);

    void notify_progress();
    void on_durable(const journal::Durable& durable) override;
    void on_space() override;
    void on_failed(const Error& error) override;

    ReactorContext context_;
    std::vector<std::unique_ptr<AccessPolicy>> policies_;  // of the listeners, in their order
    std::vector<std::unique_ptr<broker::Listener>> listeners_;
};

}  // namespace foz::broker
