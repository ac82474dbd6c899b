// SPDX-License-Identifier: Apache-2.0
// Records that the dispatcher adds to the journal itself, and reads back like all others: what it
// has given up, and whom it has assigned what. Until they are read back, a checkpoint must not be
// beyond the records that they stem from. One thread.
#pragma once

#include <algorithm>
#include <deque>

#include "journal/journal.h"
#include "mqtt/message.h"
#include "mqtt/subscription_record.h"

namespace foz::delivery {

class OwnRecords {
  public:
    /// `journal` must outlive it.
    explicit OwnRecords(journal::Journal& journal) : journal_(journal) {}

    // Each stems from the record at `from`, or from what was done there.

    void add(const mqtt::DeliveryRecord& record, journal::Position from) {
        mqtt::encode_delivery_record(record, begin(mqtt::RecordKind::delivered, from));
        batch_.end_record();
    }
    void add(const mqtt::AssignmentRecord& record, journal::Position from) {
        mqtt::encode_assignment_record(record, begin(mqtt::RecordKind::assigned, from));
        batch_.end_record();
    }

    /// Error: the journal takes nothing now; they are kept, and the next call tries again.
    [[nodiscard]] Result<void> append() {
        if (batch_.empty()) {
            return {};
        }
        auto ticket = journal_.append(batch_);
        if (!ticket) {
            return pass_on(ticket);
        }
        appended_.push_back({.ticket = *ticket, .from = from_});
        batch_.clear();
        from_ = journal::Position::beyond_all();
        return {};
    }

    /// All records below `next` have been read, as far as the journal is durable.
    void note_read(journal::Position next, const journal::Durable& durable) {
        while (!appended_.empty() && appended_.front().ticket <= durable.ticket &&
                journal_.end_of(appended_.front().ticket) <= next) {
            appended_.pop_front();
        }
    }
    /// None are on their way.
    [[nodiscard]] bool empty() const { return batch_.empty() && appended_.empty(); }
    /// The first record that those on their way stem from.
    [[nodiscard]] journal::Position from() const {
        journal::Position first = from_;
        for (const Appended& some : appended_) {
            first = std::min(first, some.from);
        }
        return first;
    }

  private:
    struct Appended {
        journal::Ticket ticket;
        journal::Position from;
    };

    std::string& begin(mqtt::RecordKind kind, journal::Position from) {
        from_ = std::min(from_, from);
        return batch_.begin_record(static_cast<std::uint8_t>(kind));
    }

    journal::Journal& journal_;
    journal::RecordBatch batch_;
    journal::Position from_ = journal::Position::beyond_all();  // of those in batch_
    std::deque<Appended> appended_;                             // and not read back
};

}  // namespace foz::delivery
