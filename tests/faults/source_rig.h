// SPDX-License-Identifier: Apache-2.0
// The Rig with a Mosquitto in front: sensors publish to Mosquitto, foz reads from it through a
// proxy that a test controls. Mosquitto may lose what it has acknowledged: it saves its state now
// and then only. So the tally tells apart what Mosquitto did and what foz did.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>

#include "tests/faults/deliveries.h"
#include "tests/faults/rig.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/tcp_proxy.h"

namespace foz::faults {

struct SourceRigOptions {
    StoreKind store = StoreKind::postgres;
    std::uint8_t qos = 1;  // QoS 1: the table has a key; QoS 2: it has none
    bool saves = true;     // Mosquitto saves its state every second; otherwise when it is told to
};

/// What was counted in the end. Mosquitto 2.0 doubles QoS 2 messages also while it lives: when two
/// connections in a row are lost it publishes again what it has sent PUBREL for.
struct SourceTally {
    Tally all;                               // lost and doubled: by Mosquitto or by foz
    std::uint64_t lost_by_mosquitto = 0;     // never acknowledged by foz, and not sent any more
    std::uint64_t doubled_by_mosquitto = 0;  // rows for which it began a delivery of its own
    std::uint64_t lost = 0;     // foz had acknowledged them, or Mosquitto had kept them on its disk
    std::uint64_t doubled = 0;  // rows without a delivery of their own
    std::string blamed;         // the first readings of the last two, a line each
};

/// One thread. Throws std::runtime_error when something that should work does not.
class SourceRig {
  public:
    explicit SourceRig(const SourceRigOptions& options);

    /// Starts foz, and the sensors once Mosquitto has saved that foz is subscribed: who publishes
    /// while nobody is, is acknowledged for nothing.
    void start();
    /// kill -9, and remembers what Mosquitto had kept for foz: a second Mosquitto, started with a
    /// copy of its file, delivers that to a bare subscriber with foz's client id.
    void kill_mosquitto();
    /// Waits until foz has acknowledged so many more deliveries. False: it took over a minute.
    [[nodiscard]] bool wait_for_deliveries(std::uint64_t count);

    /// Everything runs again: ends the sensors, waits until Mosquitto has handed over all that it
    /// has, stops foz, counts.
    [[nodiscard]] SourceTally finish();

    [[nodiscard]] Rig& rig() { return rig_; }
    [[nodiscard]] support::MosquittoBroker& mosquitto() { return mosquitto_; }
    [[nodiscard]] support::TcpProxy& proxy() { return proxy_; }

  private:
    [[nodiscard]] SourceTally count(Tally all);

    SourceRigOptions options_;
    support::MosquittoBroker mosquitto_;
    Deliveries deliveries_;
    support::TcpProxy proxy_;
    Rig rig_;
    std::unordered_set<Reading> kept_;  // by Mosquitto, when it was killed
};

}  // namespace foz::faults
