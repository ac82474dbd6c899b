// SPDX-License-Identifier: Apache-2.0
#include "journal/local/durable_progress.h"

#include <algorithm>

#include "base/check.h"

namespace foz::journal::local {

bool DurableProgress::wait_for(Position position, SteadyTime deadline) {
    if (durable_end() > position) {
        return true;
    }
    const MutexLock lock(wait_mutex_);
    const std::uint64_t wake_calls = wake_calls_;
    // Sequentially consistent, as in advance(): either this thread sees the new end, or advance()
    // sees this waiter.
    waiters_.fetch_add(1);
    (void)changed_.wait_until(wait_mutex_, deadline, [&]() FOZ_REQUIRES(wait_mutex_) {
        return durable_end_.load() > position || wake_calls_ != wake_calls;
    });
    waiters_.fetch_sub(1);
    return durable_end_.load() > position;
}

void DurableProgress::wake_waiters() {
    {
        const MutexLock lock(wait_mutex_);
        ++wake_calls_;
    }
    changed_.notify_all();
}

void DurableProgress::add_listener(Listener& listener) {
    const MutexLock lock(listener_mutex_);
    listeners_.push_back(&listener);
}

void DurableProgress::remove_listener(Listener& listener) {
    const MutexLock lock(listener_mutex_);
    std::erase(listeners_, &listener);
}

void DurableProgress::advance(Position durable_end) {
    FOZ_CHECK(durable_end >= durable_end_.load());
    durable_end_.store(durable_end);
    if (waiters_.load() > 0) {
        {
            const MutexLock lock(wait_mutex_);
        }  // a waiter between its check and its wait
        changed_.notify_all();
    }
    const Durable durable = durable_up_to(durable_end);
    const MutexLock lock(listener_mutex_);
    for (Listener* listener : listeners_) {
        listener->on_durable(durable);
    }
}

void DurableProgress::note_space() {
    const MutexLock lock(listener_mutex_);
    for (Listener* listener : listeners_) {
        listener->on_space();
    }
}

void DurableProgress::fail(const Error& error) {
    const MutexLock lock(listener_mutex_);
    for (Listener* listener : listeners_) {
        listener->on_failed(error);
    }
}

}  // namespace foz::journal::local
