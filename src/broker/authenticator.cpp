// SPDX-License-Identifier: Apache-2.0
#include "broker/authenticator.h"

#include <algorithm>
#include <utility>

#include "base/thread.h"

namespace foz::broker {

void Authenticator::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
    threads_.clear();
}

bool Authenticator::submit(Request request) {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_.size() >= kWaitingMax) {
        return false;
    }
    waiting_.push_back(std::move(request));
    if (threads_.empty()) {
        // Half of the cores: who is already in goes on being served.
        const unsigned count = std::max(1U, std::thread::hardware_concurrency() / 2);
        for (unsigned i = 0; i < count; ++i) {
            threads_.emplace_back([this] { run(); });
        }
    }
    work_.notify_one();
    return true;
}

void Authenticator::run() {
    set_thread_name("passwords");
    std::unique_lock lock(mutex_);
    while (true) {
        work_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (stopping_) {
            return;
        }
        const Request request = std::exchange(waiting_.front(), {});
        waiting_.pop_front();
        lock.unlock();
        request.answer(request.passwords->verify(request.user_name, request.password));
        lock.lock();
    }
}

}  // namespace foz::broker
