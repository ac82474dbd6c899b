// SPDX-License-Identifier: Apache-2.0
// What the connections of one reactor took in during one tick: the records to append to the journal
// in one batch, and the acknowledgements to send when they are durable. One thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "broker/connection_handle.h"
#include "journal/journal.h"
#include "mqtt/message.h"
#include "mqtt/packet.h"

namespace foz::broker {

/// A PUBACK, PUBREC or PUBCOMP that waits for the journal.
struct PendingAck {
    ConnectionHandle connection;
    std::uint16_t packet_id = 0;
    mqtt::PacketType type = mqtt::PacketType::puback;
};

class Inbox {
  public:
    /// The time that messages of this tick are stamped with.
    void set_now(SystemTime now) { now_ = now; }
    [[nodiscard]] SystemTime now() const { return now_; }

    void add_message(const mqtt::Message& message) {
        mqtt::encode_message(message, begin(mqtt::RecordKind::message));
        batch_.end_record();
        ++messages_;
    }
    void add_session_record(mqtt::RecordKind kind, const mqtt::SessionRecord& record) {
        mqtt::encode_session_record(record, begin(kind));
        batch_.end_record();
    }
    void add_ack(const PendingAck& ack) { acks_.push_back(ack); }

    [[nodiscard]] const journal::RecordBatch& records() const { return batch_; }
    [[nodiscard]] std::vector<PendingAck>& acks() { return acks_; }
    /// Of application messages among the records.
    [[nodiscard]] std::uint64_t messages() const { return messages_; }
    [[nodiscard]] bool empty() const { return batch_.empty() && acks_.empty(); }

    void clear() {
        batch_.clear();
        acks_.clear();
        messages_ = 0;
    }

  private:
    std::string& begin(mqtt::RecordKind kind) {
        return batch_.begin_record(static_cast<std::uint8_t>(kind));
    }

    journal::RecordBatch batch_;
    std::vector<PendingAck> acks_;
    std::uint64_t messages_ = 0;
    SystemTime now_;
};

}  // namespace foz::broker
