// SPDX-License-Identifier: Apache-2.0
// Acknowledgements in the order of the journal positions they wait for. One thread.
#pragma once

#include <deque>
#include <utility>
#include <vector>

#include "intake/inbox.h"
#include "journal/journal.h"

namespace foz::intake {

class AckQueue {
  public:
    /// `acks` are due when everything below `end` is reached. `end` never goes back. Takes the
    /// content of `acks` and leaves it empty, with memory to fill again.
    void push(journal::Position end, std::vector<PendingAck>& acks) {
        if (acks.empty()) {
            return;
        }
        waiting_.push_back({.end = end, .acks = std::move(spare_)});
        waiting_.back().acks.swap(acks);
        spare_ = {};
        acks.clear();
    }

    /// Calls `send(const PendingAck&)` for every one that is due at `reached`.
    template <class Send>
    void deliver(journal::Position reached, Send send) {
        while (!waiting_.empty() && waiting_.front().end <= reached) {
            for (const PendingAck& ack : waiting_.front().acks) {
                send(ack);
            }
            spare_ = std::move(waiting_.front().acks);
            spare_.clear();
            waiting_.pop_front();
        }
    }

    void clear() { waiting_.clear(); }

    [[nodiscard]] bool empty() const { return waiting_.empty(); }

  private:
    struct Waiting {
        journal::Position end = 0;
        std::vector<PendingAck> acks;
    };
    std::deque<Waiting> waiting_;
    std::vector<PendingAck> spare_;  // the memory of a delivered one
};

}  // namespace foz::intake
