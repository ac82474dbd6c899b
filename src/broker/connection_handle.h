// SPDX-License-Identifier: Apache-2.0
// Names a connection from anywhere: which reactor, which slot there, and which of the connections
// that the slot has held. A handle to a connection that is gone is harmless: its generation no
// longer matches.
#pragma once

#include <cstdint>

namespace foz::broker {

struct ConnectionHandle {
    std::uint32_t reactor = 0;
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;

    bool operator==(const ConnectionHandle&) const = default;

    /// The same among the connections of one reactor.
    [[nodiscard]] std::uint64_t token() const { return std::uint64_t{generation} << 32 | slot; }
};

/// The slot of a claimant that is no connection: whoever ends a session in the place of its client.
inline constexpr std::uint32_t kNoSlot = 0xFFFF'FFFF;

}  // namespace foz::broker
