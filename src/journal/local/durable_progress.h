// SPDX-License-Identifier: Apache-2.0
// How far the journal is durable, and those who wait for it or listen to it.
#pragma once

#include <atomic>
#include <vector>

#include "base/mutex.h"
#include "journal/journal.h"

namespace foz::journal::local {

/// Here the records are in the order of the appends: a ticket is the end of what it stands for.
[[nodiscard]] inline Ticket ticket_of(Position end) {
    return {.number = end.number()};
}
[[nodiscard]] inline Position end_of(Ticket ticket) {
    return Position::from_number(ticket.number);
}
[[nodiscard]] inline Durable durable_up_to(Position end) {
    return {.ticket = ticket_of(end), .end = end};
}

/// Any thread may call any method, but advance(), room() and fail(), which are the writer's.
class DurableProgress {
  public:
    explicit DurableProgress(Position durable_end) : durable_end_(durable_end) {}

    [[nodiscard]] Position durable_end() const {
        return durable_end_.load(std::memory_order_acquire);
    }

    /// As Journal::wait_for and wake_waiters.
    [[nodiscard]] bool wait_for(Position position, SteadyTime deadline);
    void wake_waiters();

    void add_listener(Listener& listener);
    void remove_listener(Listener& listener);

    void advance(Position durable_end);
    void note_space();
    void fail(const Error& error);

  private:
    std::atomic<Position> durable_end_;
    std::atomic<int> waiters_ = 0;

    Mutex wait_mutex_;
    ConditionVariable changed_;
    std::uint64_t wake_calls_ FOZ_GUARDED_BY(wait_mutex_) = 0;

    Mutex listener_mutex_;  // held while listeners are called
    std::vector<Listener*> listeners_ FOZ_GUARDED_BY(listener_mutex_);
};

}  // namespace foz::journal::local
