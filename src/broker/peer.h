// SPDX-License-Identifier: Apache-2.0
// Whose address a connection comes from. Small, and known for as long as the connection is kept,
// also when the peer has gone. A value; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace foz::broker {

class Peer {
  public:
    /// Of a connected socket; one that the peer has left already has no address.
    [[nodiscard]] static Peer of(int socket);

    /// Who the peer is when addresses take turns: its address, or the /64 of an IPv6 one.
    [[nodiscard]] std::string network() const;
    /// Its address, for a person.
    [[nodiscard]] std::string text() const;

  private:
    enum class Family : std::uint8_t { unknown, v4, v6 };

    std::array<char, 16> bytes_{};  // an IPv4 address is in the first four
    Family family_ = Family::unknown;
};

}  // namespace foz::broker
