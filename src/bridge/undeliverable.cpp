// SPDX-License-Identifier: Apache-2.0
#include "bridge/undeliverable.h"

#include <optional>
#include <utility>

#include "base/printable.h"
#include "mqtt/message.h"
#include "state/dead_letters.h"

namespace foz::bridge {
namespace {

/// The message at `position` as a letter that lacks its place.
Result<state::DeadLetter> read_letter(journal::Journal& journal, journal::Position position) {
    auto reader = journal.read_from(position);
    if (!reader) {
        return pass_on(reader);
    }
    auto read = (*reader)->next();
    if (!read) {
        return pass_on(read);
    }
    const std::optional<journal::Record>& record = *read;
    if (!record) {
        return fail(ErrorCode::not_found, "there is no record {}", position);
    }
    auto message = mqtt::decode_message(record->bytes);
    if (!message) {
        return pass_on(message);
    }
    state::DeadLetter letter;
    letter.position = position;
    letter.topic = message->topic;
    letter.client = message->client_id;
    letter.user = message->user;
    letter.received = message->received;
    letter.qos = message->qos;
    letter.retain = message->retain;
    letter.payload = message->payload;
    return letter;
}

}  // namespace

Undeliverable::Undeliverable(std::string log_name, journal::Journal& journal,
        state::StateDatabase& state, const Clock& clock)
    : log_name_(std::move(log_name)),
      journal_(journal),
      state_(state),
      clock_(clock),
      journal_id_(journal.status().id) {}

void Undeliverable::add(journal::Position position, std::string reason) {
    entries_.push_back({position, std::move(reason)});
}

bool Undeliverable::not_saved(const Error& error) {
    if (failed_throttle_.pass(clock_.steady_now())) {
        spdlog::error(
                "{}: a message that cannot be sent cannot be kept as a dead letter now: {}; foz "
                "tries again by itself",
                log_name_, error.message);
    }
    return false;
}

bool Undeliverable::save() {
    if (entries_.empty()) {
        return true;
    }
    std::vector<state::DeadLetter> letters;
    for (const Entry& entry : entries_) {
        auto letter = read_letter(journal_, entry.position);
        if (!letter && letter.error().code == ErrorCode::io) {
            return not_saved(letter.error());
        }
        if (!letter) {
            spdlog::error("{}: record {} cannot be sent ({}) nor kept: {}", log_name_,
                    entry.position, entry.reason, letter.error().message);
            continue;
        }
        letter->journal = journal_id_;
        letter->database = log_name_;
        letter->lane = log_name_;
        letter->reason = entry.reason;
        letter->first_seen = clock_.system_now();
        letters.push_back(*std::move(letter));
    }
    if (const auto saved = state::save_letters(state_, letters); !saved) {
        return not_saved(saved.error());
    }
    const auto held_back = throttle_.pass(clock_.steady_now());
    if (held_back && !letters.empty()) {
        spdlog::warn("{}: a message on \"{}\" became a dead letter: {}{}", log_name_,
                printable(letters.front().topic), letters.front().reason,
                *held_back + letters.size() > 1
                        ? fmt::format(" ({} more like it)", *held_back + letters.size() - 1)
                        : "");
    }
    entries_.clear();
    return true;
}

}  // namespace foz::bridge
