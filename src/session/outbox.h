// SPDX-License-Identifier: Apache-2.0
// The messages of QoS 1 and 2 that a client has published and the broker has not yet acknowledged
// in full. It keeps a copy of each packet, so that after a reconnection they go out again, in order
// [MQTT-4.4.0-1, MQTT-4.6.0-1]: with DUP when the broker has kept the session, as new messages when
// it has not.
//
// A ring, whose memory is used again: a message's packet id follows from its place in the row of
// all messages, so none is in use twice [MQTT-2.2.1-3], and a process that starts again gives a
// message the packet id that it had before.
//
// Who wants QoS 2 to be exactly once across its own crash holds back the PUBRELs until it has
// noted, durably, that what they stand for must not be published again. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mqtt/packet.h"

namespace foz::session {

class Outbox {
  public:
    /// The packet ids above are SUBSCRIBE's.
    static constexpr std::uint16_t kCapacityMax = 65'000;

    /// Room for `capacity` messages, 1 to kCapacityMax. `hold_releases`: PUBREL waits for
    /// release().
    explicit Outbox(std::uint16_t capacity, bool hold_releases = false);

    /// The place of the next message: goes on counting, and the packet id follows from it.
    [[nodiscard]] std::uint64_t next_sequence() const { return next_; }
    /// For a bridge that starts again: the packet ids go on from `sequence`, and for those from
    /// `released` on PUBREL is sent (again); the broker answers it also when it knows nothing of
    /// them. Only while empty.
    void restore(std::uint64_t released, std::uint64_t sequence);

    /// A new connection: `window` messages at once (the broker's Receive Maximum); all that is not
    /// acknowledged is to be sent again.
    void start_connection(bool session_present, std::uint16_t window);

    /// True when add() may be called.
    [[nodiscard]] bool has_capacity() const {
        return unsent_ == next_ && in_flight_ < window_ && next_ - oldest_ < capacity_;
    }
    [[nodiscard]] bool empty() const { return oldest_ == next_; }
    /// How many messages are not acknowledged in full.
    [[nodiscard]] std::size_t size() const { return size_; }
    /// The place of the oldest message that is not acknowledged in full; next_sequence() when
    /// empty.
    [[nodiscard]] std::uint64_t oldest() const { return oldest_; }
    /// All messages before this place are the broker's: acknowledged by PUBACK or PUBREC.
    [[nodiscard]] std::uint64_t received() const { return received_; }
    /// The tag of the message at received(); nothing when there is none.
    [[nodiscard]] std::optional<std::uint64_t> first_tag_not_received() const;

    /// The broker has lost the session. What it has answered with PUBREC it has taken over all the
    /// same [MQTT-4.3.3]: calls `delivered(tag)` for each, and forgets it. Before
    /// start_connection(); not for who holds back PUBRELs.
    template <class Delivered>
    void drop_received(Delivered delivered) {
        for (std::uint64_t sequence = oldest_; sequence != next_; ++sequence) {
            Slot& slot = slot_of(sequence);
            if (slot.state == State::released) {
                finish(slot);
                delivered(slot.tag);
            }
        }
        move_received();
    }

    /// Appends the PUBLISH to `out`, with the packet id that its place has. `again`: with DUP,
    /// because an earlier process may have sent it.
    void add(mqtt::Publish message, std::uint64_t tag, bool again, mqtt::ProtocolVersion version,
            std::string& out);

    /// Takes a place for a message that is not sent after all, so that those behind it keep their
    /// packet ids. `release`: an earlier process may have sent it at QoS 2; PUBREL frees its packet
    /// id at the broker.
    void skip(std::uint64_t tag, bool release, std::string& out);

    /// Appends the PUBRELs of what is before received().
    void release(std::string& out);

    /// Appends what is to be sent again, as far as the window allows; gives the number of packets.
    std::size_t resend(std::string& out);

    /// What came back for a packet id.
    enum class Progress : std::uint8_t {
        unknown,
        held,     // PUBREL follows with release()
        waiting,  // for PUBCOMP
        delivered,
    };
    struct Outcome {
        Progress progress = Progress::unknown;
        std::uint64_t tag = 0;
    };
    /// PUBACK; PUBREC, after which PUBREL is to be sent unless `failed`; PUBCOMP. `unknown`: one
    /// that nothing waits for, such as a PUBREC for which PUBREL is sent already.
    [[nodiscard]] Outcome acknowledge(mqtt::PacketType type, std::uint16_t packet_id, bool failed);

  private:
    enum class State : std::uint8_t { done, published, received, released };
    struct Slot {
        std::string packet;  // the whole PUBLISH
        std::uint64_t tag = 0;
        State state = State::done;
        bool again = false;  // the broker may have it: it goes out with DUP
    };

    [[nodiscard]] Slot& slot_of(std::uint64_t sequence) {
        return slots_[sequence & (slots_.size() - 1)];
    }
    void make_slots(std::uint64_t capacity);
    [[nodiscard]] std::uint16_t packet_id_of(std::uint64_t sequence) const {
        return static_cast<std::uint16_t>(sequence % kCapacityMax + 1);
    }
    [[nodiscard]] static bool expects(const Slot& slot, mqtt::PacketType type);
    void finish(Slot& slot) {
        slot.state = State::done;
        --size_;
    }
    void move_received();

    const bool hold_releases_;
    std::uint64_t capacity_ = 0;
    std::vector<Slot> slots_;  // capacity_, rounded up to a power of two: no division finds a place
    // oldest_ <= unsent_ <= next_: those before unsent_ were sent on this connection.
    std::uint64_t oldest_ = 0;
    std::uint64_t unsent_ = 0;
    std::uint64_t next_ = 0;
    std::uint64_t received_ = 0;      // oldest_ <= received_ <= next_
    std::uint64_t release_from_ = 0;  // none before this place waits for release()
    std::size_t size_ = 0;            // of slots that are not done
    std::uint16_t window_ = 0;
    std::uint16_t in_flight_ = 0;  // sent on this connection and not answered by PUBACK or PUBCOMP
};

}  // namespace foz::session
