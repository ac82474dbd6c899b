// SPDX-License-Identifier: Apache-2.0
// What is on its way to one client: the messages of its subscriptions that it has not answered in
// full, in the order of the journal [MQTT-4.6.0-6]. Of a message it knows the position only: its
// bytes are the journal's.
//
// Messages are numbered, from 0 over the session's life. Its packet id follows from a message's
// number, so that a message that is sent again after a crash has the packet id that it had, and
// none is in use twice [MQTT-2.2.1-4].
//
//   waiting ──▶ sent ──PUBACK──────────────────────────▶ finished, and no longer here
//                 └────PUBREC──▶ received ──PUBCOMP──▶
//
// One thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "journal/position.h"

namespace foz::session {

class DeliveryQueue {
  public:
    /// So many messages can be on their way at once; which are sent is within this of the oldest.
    static constexpr std::uint64_t kPacketIds = 65'535;

    enum class State : std::uint8_t { waiting, sent, received };

    struct Message {
        std::uint64_t number = 0;
        journal::Position position;
        /// Of the subscription that it came by [MQTT-3.3.4-3]; 0: none. Further ones, of filters
        /// that overlap: identifiers_of().
        std::uint32_t identifier = 0;
        std::uint8_t qos = 0;  // as it is delivered; of QoS 0 only what was retained waits here
        bool retain = false;
        State state = State::waiting;

        bool operator==(const Message&) const = default;
    };

    DeliveryQueue() = default;
    /// As another had it: `messages` and, of those with more than one, their identifiers.
    struct Identifiers {
        std::uint64_t number = 0;
        std::vector<std::uint32_t> all;

        bool operator==(const Identifiers&) const = default;
    };
    DeliveryQueue(std::uint64_t next_number, std::vector<Message> messages,
            std::vector<Identifiers> further)
        : next_(next_number), messages_(std::move(messages)), further_(std::move(further)) {}

    /// Gives it the next number. `identifiers`: all of them.
    void push(Message message, std::span<const std::uint32_t> identifiers);

    [[nodiscard]] static std::uint16_t packet_id_of(std::uint64_t number) {
        return static_cast<std::uint16_t>(number % kPacketIds + 1);
    }
    /// Whether the packet id of `number` is that of no other message on its way.
    [[nodiscard]] bool has_packet_id_for(std::uint64_t number) const {
        return empty() || number - messages()[0].number < kPacketIds;
    }
    /// The message with this packet id; null: none was sent with it.
    [[nodiscard]] const Message* find(std::uint16_t packet_id) const;
    /// The first message whose number is `number` or higher; null: there is none.
    [[nodiscard]] const Message* from(std::uint64_t number) const;

    [[nodiscard]] bool empty() const { return begin_ == messages_.size(); }
    [[nodiscard]] std::size_t size() const { return messages_.size() - begin_; }
    /// The number that the next message gets.
    [[nodiscard]] std::uint64_t next_number() const { return next_; }
    /// In the order of their numbers. Good until the queue is changed.
    [[nodiscard]] std::span<const Message> messages() const {
        return std::span(messages_).subspan(begin_);
    }
    [[nodiscard]] std::span<const std::uint32_t> identifiers_of(const Message& message) const;

    void note_sent(std::uint64_t number);
    /// False: it is not there, or it is known already.
    bool note_received(std::uint64_t number);
    /// The client has it, or never will. False: it is not there.
    bool finish(std::uint64_t number);

    /// The oldest message that was never sent; null: all were.
    [[nodiscard]] const Message* oldest_waiting() const;

    /// The client has come back, or gone. Those of QoS 0 are forgotten.
    void drop_qos_0();
    /// Nobody knows which were sent: all may have been.
    void note_all_sent();

    bool operator==(const DeliveryQueue& other) const {
        return next_ == other.next_ && std::ranges::equal(messages(), other.messages()) &&
               further_ == other.further_;
    }

  private:
    [[nodiscard]] std::size_t index_from(std::uint64_t number) const;
    [[nodiscard]] Message* slot(std::uint64_t number);
    void erase(std::size_t index);

    std::uint64_t next_ = 0;
    std::vector<Message> messages_;  // those before begin_ are done
    std::size_t begin_ = 0;
    std::vector<Identifiers> further_;  // of messages with more than one; sorted by number
};

}  // namespace foz::session
