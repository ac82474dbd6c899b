// SPDX-License-Identifier: Apache-2.0
#include "pipeline/batch_filler.h"

#include "base/log.h"
#include "base/printable.h"
#include "mqtt/message.h"
#include "pipeline/lane_share.h"

namespace foz::pipeline {

Result<void> BatchFiller::open(journal::Position position) {
    reader_.reset();
    auto reader = journal_.read_from(position);
    if (!reader) {
        return pass_on(reader);
    }
    reader_ = std::move(*reader);
    return {};
}

bool BatchFiller::is_full(const MappedBatch& batch) const {
    return batch.items.size() >= limits_.rows_max ||
           batch.payload_bytes >= limits_.payload_bytes_max ||
           batch.items.memory_bytes() >= limits_.memory_bytes_max ||
           (limits_.until && batch.end >= *limits_.until);
}

Result<bool> BatchFiller::take_next(MappedBatch& batch) {
    if (limits_.cap != nullptr && batch.end >= *limits_.cap) {
        return false;
    }
    if (reader_ == nullptr) {
        if (auto opened = open(batch.end); !opened) {
            return pass_on(opened);
        }
    }
    auto next = reader_->next();
    if (!next) {
        return pass_on(next);
    }
    const std::optional<journal::Record>& record = *next;
    if (!record) {
        batch.end = reader_->position();
        say_remarks();
        return false;
    }
    if (record->kind == static_cast<std::uint8_t>(mqtt::RecordKind::message)) {
        if (auto taken = take_message(*record, batch); !taken) {
            reader_.reset();  // it has passed the record
            return pass_on(taken);
        }
    }
    batch.end = record->position.next();
    batch.fingerprints.pass(record->position, record->fingerprint);
    return true;
}

Result<void> BatchFiller::take_message(const journal::Record& record, MappedBatch& batch) {
    auto message = mqtt::decode_message(record.bytes);
    if (!message) {
        return fail(ErrorCode::corrupt,
                "record {} of the journal is no message as this foz knows it, and nothing behind "
                "it is stored: {}; was it written by a newer foz?",
                record.position, message.error().message);
    }
    if (lane_of(message->client_id, limits_.lanes) != limits_.lane_index) {
        return {};
    }
    const std::size_t items_before = batch.items.size();
    if (mapping_.map(*message, record.position.number(), batch.items) == 0 && note_unrouted_) {
        note_unrouted_(*message);
    }
    if (batch.items.size() > items_before) {
        batch.fingerprints.keep_end();
    }
    if (!batch.items.empty()) {
        batch.payload_bytes += record.bytes.size();
        if (items_before == 0) {
            batch.started = clock_.steady_now();
        }
    }
    return {};
}

void BatchFiller::say_remarks() {
    for (const std::string& remark : mapping_.take_remarks()) {
        spdlog::warn("{}", printable_whole(remark));
    }
}

Result<void> BatchFiller::take_all(MappedBatch& batch) {
    while (!is_full(batch)) {
        const auto taken = take_next(batch);
        if (!taken) {
            return std::unexpected(taken.error());
        }
        if (!*taken) {
            break;
        }
    }
    say_remarks();
    return {};
}

}  // namespace foz::pipeline
