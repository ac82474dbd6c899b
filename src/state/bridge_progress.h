// SPDX-License-Identifier: Apache-2.0
// How far a bridge has come with what it sends to the other broker, as far as that has to outlive a
// crash exactly: the bridge (bridge/bridge.h) says what it needs it for. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "journal/position.h"
#include "state/state_database.h"

namespace foz::state {

struct BridgeProgress {
    journal::Position position;  // the journal's records below are the other broker's
    std::uint64_t sequence = 0;  // of the first message from there on: decides its packet id
    std::uint64_t released = 0;  // QoS 2: messages from this sequence on may lack their PUBCOMP
    std::uint64_t ahead = 0;     // so many messages from `sequence` on may have been sent as well
    std::string terms;           // what the numbering depends on; if it changed, it starts anew

    bool operator==(const BridgeProgress&) const = default;
};

/// nullopt: this bridge is new.
[[nodiscard]] Result<std::optional<BridgeProgress>> load_bridge_progress(
        StateDatabase& state, const std::string& journal, const std::string& bridge);

/// Durable when it returns.
[[nodiscard]] Result<void> save_bridge_progress(StateDatabase& state, const std::string& journal,
        const std::string& bridge, const BridgeProgress& progress);

[[nodiscard]] Result<void> forget_bridge_progress(
        StateDatabase& state, const std::string& journal, const std::string& bridge);

}  // namespace foz::state
