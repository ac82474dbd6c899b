// SPDX-License-Identifier: Apache-2.0
// What the reactors of one broker share.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "access/authenticator.h"
#include "base/clock.h"
#include "broker/client_log.h"
#include "broker/protocol.h"
#include "broker/reconnects.h"
#include "broker/session_registry.h"
#include "config/settings.h"
#include "delivery/dispatcher.h"
#include "delivery/fetcher.h"
#include "journal/journal.h"

namespace foz::broker {

class Reactor;

/// Counters for people; each may be a little behind the others.
struct BrokerCounters {
    std::atomic<std::uint64_t> connections = 0;          // now
    std::atomic<std::uint64_t> connections_total = 0;    // accepted since the start
    std::atomic<std::uint64_t> connections_refused = 0;  // closed at once: a limit was reached
    std::atomic<std::uint64_t> messages = 0;             // received and appended
    std::atomic<std::uint64_t> protocol_errors = 0;      // connections closed for what they sent
    std::atomic<std::uint64_t> dropped = 0;   // messages of QoS 0 for which a client had no room
    std::atomic<std::uint64_t> given_up = 0;  // of QoS 1 and 2 that a client could not be sent
};

struct ReactorContext {
    ReactorContext(const config::Settings& from_settings, std::uint32_t from_reactor_count,
            journal::Journal& from_journal, delivery::RecoveredSessions&& recovered,
            const Clock& from_clock);
    ReactorContext(const ReactorContext&) = delete;
    ReactorContext& operator=(const ReactorContext&) = delete;
    ~ReactorContext();

    const ProtocolSettings settings;
    const config::Ack ack;
    journal::Journal& journal;
    const Clock& clock;
    SessionRegistry registry;
    /// Known before the first of them runs: the vector grows while the first ones do.
    const std::uint32_t reactor_count;
    std::vector<std::unique_ptr<Reactor>> reactors;  // complete before the first connection
    ClientLog client_log;
    Reconnects reconnects;
    // Both hand out to the reactors: stop them before they go.
    delivery::Dispatcher dispatcher;
    std::unique_ptr<delivery::Fetcher> fetcher;  // set before the first connection
    access::Authenticator authenticator;         // answers to the reactors: stop it before they go

    /// With ack = "commit": what is below is in every database that takes it.
    std::atomic<journal::Position> committed;
    std::atomic<std::uint64_t> connection_memory = 0;  // bytes in the buffers of all connections
    BrokerCounters counters;
    const SteadyTime started;
};

}  // namespace foz::broker
