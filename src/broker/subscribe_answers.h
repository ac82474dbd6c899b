// SPDX-License-Identifier: Apache-2.0
// SUBACKs and UNSUBACKs that wait for the result of each of their filters. They are answered in the
// order of their packets, and so come the results. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "mqtt/packet.h"

namespace foz::broker {

class SubscribeAnswers {
  public:
    struct Answer {
        mqtt::PacketType type = mqtt::PacketType::suback;
        std::uint16_t packet_id = 0;
        std::vector<mqtt::ReasonCode> reasons;  // of the filters, in their order
    };

    /// Nothing more is to be begun for now.
    [[nodiscard]] bool full() const { return waiting_.size() >= kWaitingMax; }

    void begin(mqtt::PacketType type, std::uint16_t packet_id) {
        waiting_.push_back(
                {.answer = {.type = type, .packet_id = packet_id, .reasons = {}}, .open = {}});
    }
    // Of the next filter of the answer that was begun last:

    void settle(mqtt::ReasonCode reason) { waiting_.back().answer.reasons.push_back(reason); }
    /// Its result comes by take().
    void await() {
        Waiting& last = waiting_.back();
        last.open.push_back(last.answer.reasons.size());
        last.answer.reasons.push_back(mqtt::ReasonCode::unspecified_error);
    }

    /// The next result. One that nobody waits for is ignored.
    void take(mqtt::ReasonCode reason) {
        for (Waiting& some : waiting_) {
            if (some.known < some.open.size()) {
                some.answer.reasons[some.open[some.known++]] = reason;
                return;
            }
        }
    }
    /// The oldest answer, once it has all its results.
    [[nodiscard]] std::optional<Answer> pop_complete() {
        if (waiting_.empty() || waiting_.front().known < waiting_.front().open.size()) {
            return std::nullopt;
        }
        Answer answer = std::move(waiting_.front().answer);
        waiting_.erase(waiting_.begin());
        return answer;
    }

  private:
    static constexpr std::size_t kWaitingMax = 16;

    struct Waiting {
        Answer answer;
        std::vector<std::size_t> open;  // which of its reasons wait for a result
        std::size_t known = 0;          // of those
    };
    std::vector<Waiting> waiting_;
};

}  // namespace foz::broker
