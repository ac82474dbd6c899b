// SPDX-License-Identifier: Apache-2.0
// The messages of one client's subscriptions on this connection: out of its session's DeliveryQueue
// in order, as many at once as its Receive Maximum allows [MQTT-3.3.4-9], and QoS 0 beside them.
// What was sent on an earlier connection and not answered goes out again first [MQTT-4.4.0-1].
//
// It writes no more than the connection may hold: behind that, QoS 0 is dropped, and QoS 1 and 2
// wait in the queue. One thread, the connection's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "broker/attached_session.h"
#include "delivery/recent_messages.h"
#include "intake/inbox.h"
#include "mqtt/frame.h"
#include "mqtt/packet.h"

namespace foz::broker {

/// What a connection needs to send messages.
struct DeliveryContext {
    intake::Inbox& inbox;
    const delivery::RecentMessages& recent;
    SystemTime now;
    /// Bytes that may wait for the client: nothing is added to more.
    std::size_t output_max = 0;
};

class DeliveryFlow {
  public:
    struct Terms {
        mqtt::ProtocolVersion version = mqtt::ProtocolVersion::v3_1_1;
        std::uint16_t window = 1;  // messages of QoS 1 and 2 at once; 1 and above
        std::uint32_t packet_bytes_max = mqtt::kPacketBytesMax;  // of the client
        std::uint16_t topic_aliases = 0;                         // that the client takes
        std::uint64_t connection = 0;                            // for PendingAck
    };
    /// `session` is open, and must outlive it.
    DeliveryFlow(AttachedSession& session, const Terms& terms);

    /// A message of QoS 0.
    void send_now(const mqtt::Message& message, bool retain,
            std::span<const std::uint32_t> identifiers, const DeliveryContext& context,
            std::string& out);

    /// More is in the queue.
    void note_queued() { caught_up_ = false; }
    /// More is in the queue, among it these retained messages, which may be old.
    void note_retained(std::span<const std::shared_ptr<const delivery::StoredMessage>> messages);
    /// The first `count` that send() has asked for, as far as they still are anywhere.
    void note_fetched(std::shared_ptr<const delivery::MessageBlock> messages, std::size_t count);
    /// send() would do something.
    [[nodiscard]] bool may_send() const {
        return !caught_up_ && !fetching_ && in_flight_ < terms_.window;
    }
    /// Sends what may be sent. Gives the positions, in order, of messages that are to be fetched
    /// first: nothing more is sent before note_fetched().
    [[nodiscard]] std::vector<journal::Position> send(
            const DeliveryContext& context, std::string& out);

    /// The client's PUBACK, PUBREC or PUBCOMP.
    void take_answer(mqtt::PacketType type, const mqtt::Acknowledgement& answer,
            intake::Inbox& inbox, std::string& out);

    /// The answer to a PUBREC for nothing that was sent [MQTT-4.3.3].
    static void refuse_release(
            std::uint16_t packet_id, mqtt::ProtocolVersion version, std::string& out);

    /// Since the last call: messages of QoS 0 for which there was no room, and of QoS 1 and 2 that
    /// the client will never get: they have expired, are too large for it, or the journal does not
    /// have them any more.
    struct Losses {
        std::uint64_t dropped = 0;
        std::uint64_t expired = 0;
        std::uint64_t too_large = 0;
        std::uint64_t gone = 0;

        [[nodiscard]] bool any() const { return dropped + expired + too_large + gone > 0; }
    };
    [[nodiscard]] Losses take_losses() { return std::exchange(losses_, {}); }

  private:
    using Queue = session::DeliveryQueue;

    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };

    enum class Fate : std::uint8_t { sent, expired, too_large };
    struct Form {
        std::uint8_t qos = 0;
        bool retain = false;
        bool again = false;
        std::uint16_t packet_id = 0;
        std::span<const std::uint32_t> identifiers;
    };

    /// The topic and, in `properties_`, its alias [MQTT-3.3.2.3.4].
    [[nodiscard]] std::string_view take_alias(std::string_view topic);
    [[nodiscard]] Fate append(
            const mqtt::Message& message, const Form& form, SystemTime now, std::string& out);
    void send_next(Queue& queue, const Queue::Message& next, const DeliveryContext& context,
            std::string& out);
    void give_up(Queue& queue, std::uint64_t number, intake::Inbox& inbox);
    [[nodiscard]] const mqtt::Message* find(
            journal::Position position, const DeliveryContext& context) const;
    [[nodiscard]] std::vector<journal::Position> missing_from(
            const Queue& queue, const DeliveryContext& context);
    void send_release(std::uint16_t packet_id, intake::Inbox& inbox, std::string& out);
    void finish(Queue& queue, std::uint64_t number, intake::Inbox& inbox);

    AttachedSession& session_;
    const Terms terms_;
    std::uint64_t next_ = 0;       // the number from which on nothing was sent on this connection
    std::uint32_t in_flight_ = 0;  // of those before
    bool caught_up_ = false;       // there was nothing more in the queue
    bool fetching_ = false;
    std::vector<journal::Position> asked_;  // last, and answered, unless fetching_; sorted
    std::shared_ptr<const delivery::MessageBlock> fetched_;  // what came of it; null: nothing yet
    // While they wait in the queue; sorted by position.
    std::vector<std::shared_ptr<const delivery::StoredMessage>> retained_;
    // The first topics of the connection have them: it is theirs that come most often.
    std::unordered_map<std::string, std::uint16_t, TextHash, std::equal_to<>> aliases_;
    Losses losses_;
    std::string properties_;  // reused
};

}  // namespace foz::broker
