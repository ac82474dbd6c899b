// SPDX-License-Identifier: Apache-2.0
// Acknowledgements in the order of what they wait for: a Ticket or a Position of the journal. One
// thread.
#pragma once

#include <deque>
#include <utility>
#include <vector>

#include "intake/inbox.h"
#include "journal/journal.h"

namespace foz::intake {

template <class Due>
class AckQueue {
  public:
    /// `acks` are due when `due` is reached, which never goes back from call to call. Takes the
    /// content of `acks` and leaves it empty, with memory to fill again.
    void push(Due due, std::vector<PendingAck>& acks) {
        if (acks.empty()) {
            return;
        }
        waiting_.push_back({.due = due, .acks = std::move(spare_)});
        waiting_.back().acks.swap(acks);
        spare_ = {};
        acks.clear();
    }

    /// Calls `take(Due, std::vector<PendingAck>&)` for those that are due at `reached`, a call for
    /// each push() of them.
    template <class Take>
    void take(Due reached, Take take) {
        while (!waiting_.empty() && waiting_.front().due <= reached) {
            take(waiting_.front().due, waiting_.front().acks);
            spare_ = std::move(waiting_.front().acks);
            spare_.clear();
            waiting_.pop_front();
        }
    }
    /// Calls `send(const PendingAck&)` for every one that is due at `reached`.
    template <class Send>
    void deliver(Due reached, Send send) {
        take(reached, [&](const Due&, const std::vector<PendingAck>& acks) {
            for (const PendingAck& ack : acks) {
                send(ack);
            }
        });
    }

    void clear() { waiting_.clear(); }

    [[nodiscard]] bool empty() const { return waiting_.empty(); }

  private:
    struct Waiting {
        Due due{};
        std::vector<PendingAck> acks;
    };
    std::deque<Waiting> waiting_;
    std::vector<PendingAck> spare_;  // the memory of a delivered one
};

}  // namespace foz::intake
