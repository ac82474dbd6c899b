// SPDX-License-Identifier: Apache-2.0
// What a broker in front of foz delivered to it, and what foz acknowledged, by the bytes on the
// wire between the two and by nothing else: who of them lost or doubled a reading shows here.
//
// A delivery is one message that the broker handed over. A PUBLISH that says by DUP that it is sent
// again, with the packet id and reading of one that is not over, belongs to the same delivery; any
// other begins one [MQTT-3.3.1-1, MQTT-4.3.3-2].
//
// After PUBREL there must be no such PUBLISH [MQTT-4.3.3-1], but Mosquitto 2.0 sends some. Whether
// the PUBREL had reached foz, so that it has to take this one for new, only its PUBCOMP would tell:
// until then foz may store it or not.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "tests/faults/rig.h"
#include "tests/support/tcp_proxy.h"

namespace foz::faults {

/// Of a sensor's payload, or of any bytes that hold one.
[[nodiscard]] Reading reading_in(std::string_view message);

/// Any thread.
class Deliveries {
  public:
    /// For TcpProxy::watch(); foz is the client.
    void take(std::size_t connection, support::Side from, std::string_view bytes);

    struct Count {
        std::uint64_t begun = 0;         // as many may be stored
        std::uint64_t acknowledged = 0;  // of these, so many must be: foz has sent PUBACK or PUBREC
    };
    [[nodiscard]] std::unordered_map<Reading, Count> counts() const;
    [[nodiscard]] std::uint64_t acknowledged() const;
    /// Whether foz has acknowledged this reading, and all else that came on the same connection.
    [[nodiscard]] bool all_acknowledged_with(const Reading& reading) const;

  private:
    struct Delivery {
        Reading reading;
        bool acknowledged = false;
        bool released = false;  // PUBREL was sent
    };
    void take_packet(std::uint8_t first, std::string_view body);
    void take_publish(std::uint8_t first, std::string_view body);
    void take_acknowledgement(std::uint16_t packet_id);
    void take_release(std::uint16_t packet_id);

    mutable std::mutex mutex_;    // guards all below
    std::size_t connection_ = 0;  // the newest
    std::map<support::Side, std::string> input_;
    std::map<std::uint16_t, Delivery> open_;  // by packet id: PUBACK, or PUBCOMP, is due
    std::set<std::uint16_t> unanswered_;      // sent on this connection
    std::unordered_map<Reading, Count> counts_;
    std::uint64_t acknowledged_ = 0;
};

}  // namespace foz::faults
