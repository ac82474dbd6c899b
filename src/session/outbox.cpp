// SPDX-License-Identifier: Apache-2.0
#include "session/outbox.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "mqtt/encoder.h"

namespace foz::session {
namespace {

// In the first byte of a PUBLISH [MQTT-3.3.1.1, MQTT-3.3.1.2].
constexpr char kDup = 0x08;
constexpr char kQos2 = 0x04;

}  // namespace

Outbox::Outbox(std::uint16_t capacity, bool hold_releases) : hold_releases_(hold_releases) {
    make_slots(std::clamp<std::uint64_t>(capacity, 1, kCapacityMax));
}

void Outbox::make_slots(std::uint64_t capacity) {
    capacity_ = capacity;
    slots_.resize(std::bit_ceil(capacity));
}

void Outbox::restore(std::uint64_t released, std::uint64_t sequence) {
    FOZ_CHECK(empty());
    FOZ_CHECK(sequence - released <= kCapacityMax);
    if (capacity_ < sequence - released) {
        make_slots(sequence - released);
    }
    oldest_ = unsent_ = released;
    next_ = received_ = release_from_ = sequence;
    for (std::uint64_t place = released; place != sequence; ++place) {
        slot_of(place).state = State::released;
        ++size_;
    }
}

std::optional<std::uint64_t> Outbox::first_tag_not_received() const {
    if (received_ == next_) {
        return std::nullopt;
    }
    return slots_[received_ & (slots_.size() - 1)].tag;
}

void Outbox::start_connection(bool session_present, std::uint16_t window) {
    window_ = window;
    in_flight_ = 0;
    unsent_ = oldest_;
    if (session_present) {
        return;
    }
    for (std::uint64_t sequence = oldest_; sequence != next_; ++sequence) {
        Slot& slot = slot_of(sequence);
        if (slot.state == State::published) {
            slot.again = false;
        }
    }
}

void Outbox::add(mqtt::Publish message, std::uint64_t tag, bool again,
        mqtt::ProtocolVersion version, std::string& out) {
    FOZ_CHECK(has_capacity());
    FOZ_CHECK(message.qos > 0);
    Slot& slot = slot_of(next_);
    message.packet_id = packet_id_of(next_);
    message.dup = again;
    slot.packet.clear();
    mqtt::append_publish(slot.packet, message, version);
    slot.tag = tag;
    slot.state = State::published;
    slot.again = true;
    out += slot.packet;
    ++next_;
    ++unsent_;
    ++in_flight_;
    ++size_;
}

void Outbox::skip(std::uint64_t tag, bool release, std::string& out) {
    FOZ_CHECK(has_capacity());
    Slot& slot = slot_of(next_);
    slot.tag = tag;
    if (release) {
        slot.state = State::released;
        mqtt::append_acknowledgement(out, mqtt::PacketType::pubrel, packet_id_of(next_));
        ++in_flight_;
        ++size_;
    } else {
        slot.state = State::done;
    }
    ++next_;
    ++unsent_;
    move_received();
}

void Outbox::release(std::string& out) {
    for (; release_from_ != received_; ++release_from_) {
        Slot& slot = slot_of(release_from_);
        if (slot.state == State::received) {
            slot.state = State::released;
            mqtt::append_acknowledgement(
                    out, mqtt::PacketType::pubrel, packet_id_of(release_from_));
        }
    }
}

void Outbox::move_received() {
    while (received_ != next_ && slot_of(received_).state != State::published) {
        ++received_;
    }
    while (oldest_ != next_ && slot_of(oldest_).state == State::done) {
        ++oldest_;
    }
    unsent_ = std::max(unsent_, oldest_);
    release_from_ = std::max(release_from_, oldest_);
}

std::size_t Outbox::resend(std::string& out) {
    std::size_t packets = 0;
    for (; unsent_ != next_ && in_flight_ < window_; ++unsent_) {
        Slot& slot = slot_of(unsent_);
        switch (slot.state) {
            case State::done: break;
            // Its PUBREL follows once it is released.
            case State::received: ++in_flight_; break;
            case State::published:
                if (slot.again) {
                    slot.packet[0] = static_cast<char>(slot.packet[0] | kDup);
                } else {
                    slot.packet[0] = static_cast<char>(slot.packet[0] & ~kDup);
                }
                slot.again = true;
                out += slot.packet;
                ++in_flight_;
                ++packets;
                break;
            case State::released:
                mqtt::append_acknowledgement(out, mqtt::PacketType::pubrel, packet_id_of(unsent_));
                ++in_flight_;
                ++packets;
                break;
        }
    }
    return packets;
}

// A PUBCOMP for what was not answered with PUBREC, say, would let the message's PUBREC pass for
// that of a later one.
bool Outbox::expects(const Slot& slot, mqtt::PacketType type) {
    switch (slot.state) {
        case State::done: return false;
        case State::published: {
            const bool exactly_once = (slot.packet[0] & kQos2) != 0;
            return type == (exactly_once ? mqtt::PacketType::pubrec : mqtt::PacketType::puback);
        }
        // Its PUBREL is held back, also when the broker says again that it has the message.
        case State::received: return type != mqtt::PacketType::puback;
        case State::released: return type == mqtt::PacketType::pubcomp;
    }
    return false;
}

Outbox::Outcome Outbox::acknowledge(mqtt::PacketType type, std::uint16_t packet_id, bool failed) {
    // The place that has this packet id now, if any has.
    constexpr std::uint64_t kIds = kCapacityMax;
    const std::uint64_t behind = (packet_id + kIds - 1 - oldest_ % kIds) % kIds;
    const std::uint64_t sequence = oldest_ + behind;
    if (packet_id == 0 || packet_id > kIds || sequence >= unsent_) {
        return {};
    }
    Slot& slot = slot_of(sequence);
    if (!expects(slot, type)) {
        return {};
    }
    if (type == mqtt::PacketType::pubrec && !failed) {
        if (hold_releases_) {
            slot.state = State::received;
            move_received();
            return {.progress = Progress::held, .tag = slot.tag};
        }
        slot.state = State::released;
        move_received();
        return {.progress = Progress::waiting, .tag = slot.tag};
    }
    finish(slot);
    --in_flight_;
    move_received();
    return {.progress = Progress::delivered, .tag = slot.tag};
}

}  // namespace foz::session
