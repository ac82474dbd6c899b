// SPDX-License-Identifier: Apache-2.0
// What was received and is not in the journal yet: the records to append, and the acknowledgements
// to send once they are durable. One thread.
//
// The records come in batches of a bounded size, whoever adds how many of them: a small packet can
// make a large record, with a topic alias, and the wills of many connections can come due at once.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/receipt_times.h"
#include "journal/journal.h"
#include "mqtt/message.h"
#include "mqtt/packet.h"
#include "mqtt/subscription_record.h"

namespace foz::intake {

/// A PUBACK, PUBREC, PUBREL or PUBCOMP that waits for the journal.
struct PendingAck {
    std::uint64_t connection = 0;  // whichever number its owner gives the connection
    std::uint16_t packet_id = 0;
    mqtt::PacketType type = mqtt::PacketType::puback;
    mqtt::ReasonCode reason = mqtt::ReasonCode::success;
};

class Inbox {
  public:
    /// The time of what is received now.
    void set_now(SystemTime now) { receipt_times_.set_now(now); }
    /// What the next message is stamped with: another time for each.
    [[nodiscard]] SystemTime next_receipt_time() { return receipt_times_.next(); }

    void add_message(const mqtt::Message& message) {
        const std::size_t size =
                message.topic.size() + message.payload.size() + message.properties.size();
        journal::RecordBatch& batch = open_batch(size);
        mqtt::encode_message(message, begin(batch, mqtt::RecordKind::message));
        batch.end_record();
        ++messages_;
        has_retained_ = has_retained_ || message.retain;
    }
    void add_session_record(mqtt::RecordKind kind, const mqtt::SessionRecord& record) {
        journal::RecordBatch& batch = open_batch(0);
        mqtt::encode_session_record(record, begin(batch, kind));
        batch.end_record();
    }
    void add_subscription_record(mqtt::RecordKind kind, const mqtt::SubscriptionRecord& record) {
        journal::RecordBatch& batch = open_batch(record.subscription.filter.size());
        mqtt::encode_subscription_record(record, begin(batch, kind));
        batch.end_record();
    }
    void add_delivery_record(const mqtt::DeliveryRecord& record) {
        journal::RecordBatch& batch = open_batch(0);
        mqtt::encode_delivery_record(record, begin(batch, mqtt::RecordKind::delivered));
        batch.end_record();
    }
    void add_ack(const PendingAck& ack) { acks_.push_back(ack); }

    /// Each within the size that any configured journal takes in one append; none is empty.
    [[nodiscard]] const std::deque<journal::RecordBatch>& batches() const { return batches_; }
    /// The first of batches() is in the journal.
    void pop_batch() {
        spare_ = std::move(batches_.front());
        spare_.clear();
        batches_.pop_front();
    }
    /// As much as is to be received before the next append.
    [[nodiscard]] bool full() const { return batches_.size() >= kBatchesMax; }
    /// Of all batches().
    [[nodiscard]] std::size_t bytes() const {
        std::size_t bytes = 0;
        for (const journal::RecordBatch& batch : batches_) {
            bytes += batch.stored().size();
        }
        return bytes;
    }

    [[nodiscard]] std::vector<PendingAck>& acks() { return acks_; }
    /// Of application messages among the records since clear().
    [[nodiscard]] std::uint64_t messages() const { return messages_; }
    /// Whether one of them is to be retained.
    [[nodiscard]] bool has_retained() const { return has_retained_; }
    [[nodiscard]] bool empty() const { return batches_.empty() && acks_.empty(); }

    void clear() {
        batches_.clear();
        acks_.clear();
        messages_ = 0;
        has_retained_ = false;
    }

  private:
    // A larger record has a batch of its own.
    static constexpr std::size_t kBatchBytes = 256 << 10;
    static constexpr std::size_t kBatchesMax = 3;

    journal::RecordBatch& open_batch(std::size_t record_bytes) {
        if (batches_.empty() || batches_.back().stored().size() + record_bytes > kBatchBytes) {
            batches_.push_back(std::exchange(spare_, {}));
        }
        return batches_.back();
    }
    static std::string& begin(journal::RecordBatch& batch, mqtt::RecordKind kind) {
        return batch.begin_record(static_cast<std::uint8_t>(kind));
    }

    std::deque<journal::RecordBatch> batches_;
    journal::RecordBatch spare_;  // the memory of an appended one
    std::vector<PendingAck> acks_;
    std::uint64_t messages_ = 0;
    bool has_retained_ = false;
    ReceiptTimes receipt_times_;
};

}  // namespace foz::intake
