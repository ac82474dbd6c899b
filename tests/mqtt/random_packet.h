// SPDX-License-Identifier: Apache-2.0
// Valid packets with random content.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "mqtt/decoder.h"

namespace foz::mqtt {

/// One valid packet, encoded, and what its receiver has to know. Equal seeds give equal packets.
struct RandomPacket {
    std::string bytes;
    DecodeContext context;
};

class RandomPackets {
  public:
    explicit RandomPackets(std::uint64_t seed) : random_(seed) {}

    /// Every type, version and sender comes up.
    [[nodiscard]] RandomPacket next();

  private:
    [[nodiscard]] std::uint32_t below(std::uint32_t bound);
    [[nodiscard]] bool coin() { return below(2) == 0; }
    [[nodiscard]] std::uint16_t packet_id() {
        return static_cast<std::uint16_t>(1 + below(0xFFFF));
    }
    /// A view that lives as long as the packet is being built.
    [[nodiscard]] std::string_view text();
    [[nodiscard]] std::string_view binary();
    [[nodiscard]] std::string_view topic();
    [[nodiscard]] std::string_view filter();
    [[nodiscard]] Properties properties(PropertyOwner owner, Sender sender);
    [[nodiscard]] ReasonCode one_of(std::initializer_list<ReasonCode> reasons);

    void append_packet(std::string& to, PacketType type, const DecodeContext& context);
    void append_connect_packet(std::string& to, ProtocolVersion version);
    void append_publish_packet(std::string& to, const DecodeContext& context);
    void append_subscribe_packet(std::string& to, ProtocolVersion version);
    void append_unsubscribe_packet(std::string& to, ProtocolVersion version);

    std::mt19937_64 random_;
    std::vector<std::string> kept_;  // what views of the packet that is being built view
};

}  // namespace foz::mqtt
