// SPDX-License-Identifier: Apache-2.0
#include "pipeline/dead_letter_writer.h"

#include <algorithm>
#include <array>

#include "base/printable.h"
#include "mqtt/message.h"
#include "pipeline/cursor_position.h"

namespace foz::pipeline {

namespace {

// Letters are saved in groups of at most this many bytes of payload, so that a flood of them needs
// little memory.
constexpr std::size_t kSavedAtOnceBytes = 4 << 20;

// A reader is moved forward over at most this many records; opening a new one costs about as much.
constexpr std::uint64_t kSkipMax = 1'000;

// The number of the item among those of its message on the same route.
std::uint32_t reading_of(const mapping::RowBatch& batch, const DeadReading& dead_reading) {
    const auto before = [&](const auto& items) {
        const auto first =
                std::ranges::lower_bound(items, mapping::Origin{dead_reading.origin.position, 0},
                        {}, [](const auto& item) { return item.origin; });
        const auto last = std::find_if(first, items.end(),
                [&](const auto& item) { return item.origin >= dead_reading.origin; });
        return std::count_if(
                first, last, [&](const auto& item) { return item.route == dead_reading.route; });
    };
    return static_cast<std::uint32_t>(before(batch.rows()) + before(batch.rejections()));
}

sink::SinkError cannot_save(const Error& error) {
    return {sink::FailureKind::retry, "",
        fmt::format("a dead letter cannot be saved: {}", error.message), {}};
}

}  // namespace

sink::SinkResult<bool> DeadLetterWriter::is_known(
        const mapping::RowBatch& batch, const DeadReading& dead_reading) {
    if (!repeats_) {
        return false;
    }
    state::DeadLetter letter = blank_;
    letter.position = position_of(dead_reading.origin);
    letter.route = routes_[dead_reading.route];
    letter.reading = reading_of(batch, dead_reading);
    auto known = state::is_of_other_lanes(state_, letter);
    if (!known) {
        return std::unexpected(cannot_save(known.error()));
    }
    return *known;
}

sink::SinkResult<void> DeadLetterWriter::save(
        const mapping::RowBatch& batch, std::span<const DeadReading> dead_readings) {
    std::vector<state::DeadLetter> letters;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < dead_readings.size(); ++i) {
        auto letter = letter_for(batch, dead_readings[i]);
        if (!letter) {
            return std::unexpected(cannot_save(letter.error()));
        }
        warn_of(*letter);
        bytes += letter->payload.size();
        letters.push_back(std::move(*letter));
        if (bytes < kSavedAtOnceBytes && i + 1 < dead_readings.size()) {
            continue;
        }
        if (auto saved = state::save_letters(state_, letters); !saved) {
            return std::unexpected(cannot_save(saved.error()));
        }
        letters.clear();
        bytes = 0;
    }
    return {};
}

sink::SinkResult<void> DeadLetterWriter::forget_from(sink::Cursor cursor) {
    auto forgotten = state::forget_from(state_, blank_.journal, blank_.database, blank_.lane,
            {cursor.position, cursor.ordinal});
    if (!forgotten) {
        return fail(sink::FailureKind::retry, "{}", forgotten.error().message);
    }
    return {};
}

void DeadLetterWriter::warn_of(const state::DeadLetter& letter) {
    if (const auto held_back = throttle_.pass(clock_.steady_now())) {
        spdlog::warn(
                "database {}: route {} cannot store a reading from topic \"{}\" (client \"{}\"): "
                "{}{}; it is a dead letter now: foz dead list",
                letter.database, letter.route, printable(letter.topic), printable(letter.client),
                letter.reason,
                *held_back > 0 ? fmt::format(" (and {} others in between)", *held_back) : "");
    }
}

Result<state::DeadLetter> DeadLetterWriter::letter_for(
        const mapping::RowBatch& batch, const DeadReading& dead_reading) {
    auto record = record_at(position_of(dead_reading.origin));
    if (!record) {
        return pass_on(record);
    }
    auto message = mqtt::decode_message(record->bytes);
    if (!message) {
        return pass_on(message);
    }
    state::DeadLetter letter = blank_;
    letter.position = position_of(dead_reading.origin);
    letter.ordinal = dead_reading.origin.ordinal;
    letter.route = routes_[dead_reading.route];
    letter.reading = reading_of(batch, dead_reading);
    letter.topic = message->topic;
    letter.client = message->client_id;
    letter.user = message->user;
    letter.received = message->received;
    letter.qos = message->qos;
    letter.retain = message->retain;
    letter.payload = message->payload;
    letter.reason = dead_reading.reason;
    letter.code = dead_reading.code;
    letter.first_seen = clock_.system_now();
    return letter;
}

Result<journal::Record> DeadLetterWriter::record_at(journal::Position position) {
    if (record_ && record_->position == position) {
        return *record_;
    }
    record_.reset();
    const bool near = reader_ && reader_->position() <= position &&
                      journal::records_between(reader_->position(), position) <= kSkipMax;
    if (!near) {
        auto reader = journal_.read_from(position);
        if (!reader) {
            return pass_on(reader);
        }
        reader_ = std::move(*reader);
    }
    while (true) {
        auto next = reader_->next();
        if (!next) {
            return pass_on(next);
        }
        const std::optional<journal::Record>& record = *next;
        if (!record) {
            return fail(ErrorCode::not_found, "record {} is not in the journal", position);
        }
        if (record->position == position) {
            record_ = record;
            return *record;
        }
    }
}

}  // namespace foz::pipeline
