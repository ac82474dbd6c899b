// SPDX-License-Identifier: Apache-2.0
// What a connection to another broker tells the one who uses it (a source, a bridge). All calls
// come on the thread of the connection's loop, from inside ClientProtocol::consume.
#pragma once

#include <cstdint>
#include <string_view>

#include "mqtt/packet.h"

namespace foz::client {

/// An acknowledgement that the broker waits for: PUBACK, PUBREC or PUBCOMP.
struct Answer {
    mqtt::PacketType type = mqtt::PacketType::puback;
    std::uint16_t packet_id = 0;
};

class Receiver {
  public:
    virtual ~Receiver() = default;

    /// CONNACK has come. `present` false: the broker knows nothing of an earlier session, and
    /// nothing that was noted of it holds any more; the Session was emptied already.
    virtual void on_session(bool present) = 0;

    /// Under which topic messages on this one enter the journal; it may be a view into `topic`, or
    /// into a buffer that the next call uses again.
    [[nodiscard]] virtual std::string_view journal_topic(std::string_view topic) { return topic; }

    /// False: there is no room for this message now. Nothing else is told of it, and it is not
    /// acknowledged: at QoS 1 and 2 the broker sends it again on the next connection.
    [[nodiscard]] virtual bool takes(const mqtt::Publish& /*message*/) { return true; }

    /// A message to take over; its views are valid during the call. A QoS 2 message that comes
    /// again is not passed on, only its Answer.
    virtual void on_message(const mqtt::Publish& message) = 0;

    /// A PUBREL: the packet id may mean a new message from now on. Its PUBCOMP follows as Answer.
    virtual void on_release(std::uint16_t packet_id) = 0;

    /// Pass it to acknowledge() when all that came before it is durable.
    virtual void on_answer_due(Answer answer) = 0;

    /// The message that was published under `tag` is the broker's now, or was refused by it for
    /// `reason` (is_failure(reason): it will never take it). QoS 0: it was handed to the
    /// connection. In the order of the acknowledgements, which may not be that of the tags.
    virtual void on_delivered(std::uint64_t tag, mqtt::ReasonCode reason) = 0;
};

}  // namespace foz::client
