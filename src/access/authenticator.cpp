// SPDX-License-Identifier: Apache-2.0
#include "access/authenticator.h"

#include <algorithm>
#include <utility>

#include "base/thread.h"

namespace foz::access {
namespace {

std::int64_t milliseconds(SteadyTime::duration time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

void answer_all(const std::vector<PasswordQueue::Waiter>& waiters, PasswordVerdict verdict) {
    for (const PasswordQueue::Waiter& waiter : waiters) {
        waiter.answer(verdict);
    }
}

}  // namespace

// Half of the cores: who is already in goes on being served.
Authenticator::Authenticator(const Clock& clock)
    : clock_(clock),
      thread_count_(std::max(1U, std::thread::hardware_concurrency() / 2)),
      queue_(thread_count_, {}),
      behind_(std::chrono::seconds(60)) {}

void Authenticator::stop() {
    std::vector<std::thread> threads;
    {
        const MutexLock lock(mutex_);
        stopping_ = true;
        threads.swap(threads_);
    }
    work_.notify_all();
    for (std::thread& thread : threads) {
        thread.join();
    }
}

std::string Authenticator::key_of(const Request& request) const {
    return known_.key_of(*request.passwords, request.user_name, request.password);
}

Authenticator::Submitted Authenticator::submit(Request request) {
    std::string key = key_of(request);
    const SteadyTime now = clock_.steady_now();
    Waiters dropped;
    Submitted submitted;
    {
        const MutexLock lock(mutex_);
        if (stopping_) {
            return {.verdict = {}, .ticket = 0, .refusal = "foz is shutting down"};
        }
        if (const auto right = known_.find(key, now)) {
            submitted.verdict = *right ? PasswordVerdict::right : PasswordVerdict::wrong;
            return submitted;
        }
        auto ticket = queue_.add({.key = std::move(key),
                                     .passwords = std::move(request.passwords),
                                     .user_name = std::move(request.user_name),
                                     .password = std::move(request.password)},
                {.ticket = 0,
                    .address = std::move(request.address),
                    .deadline = request.deadline,
                    .answer = std::move(request.answer)},
                now, dropped);
        if (!ticket || !dropped.empty()) {
            warn_that_checks_are_behind(now);
        }
        if (ticket) {
            submitted.ticket = *ticket;
            start_threads();
        } else {
            submitted.refusal = reason_of(ticket.error());
        }
    }
    work_.notify_one();
    answer_all(dropped, PasswordVerdict::late);
    return submitted;
}

void Authenticator::cancel(Ticket ticket) {
    const MutexLock lock(mutex_);
    queue_.cancel(ticket);
}

void Authenticator::start_threads() {
    while (threads_.size() < thread_count_) {
        threads_.emplace_back([this] { run(); });
    }
}

std::string Authenticator::reason_of(PasswordQueue::Refusal refusal) const {
    switch (refusal) {
        case PasswordQueue::Refusal::too_late: break;
        case PasswordQueue::Refusal::full:
            return fmt::format(
                    "{} passwords wait to be checked, which is the most; it may try again",
                    queue_.size());
        case PasswordQueue::Refusal::address_full:
            return "the most passwords that may wait for one address wait for its address; it may "
                   "try again";
    }
    return fmt::format(
            "{} passwords wait to be checked and one takes {} ms, so that its own would not be "
            "checked within limits.connect_timeout; it may try again",
            queue_.size(), milliseconds(queue_.usual()));
}

void Authenticator::warn_that_checks_are_behind(SteadyTime now) {
    const auto held_back = behind_.pass(now);
    if (!held_back) {
        return;
    }
    spdlog::warn(
            "checks of passwords are behind: {} wait, one takes {} ms, {} are done at once; "
            "clients are told that foz is busy{}. What is right is known from then on. If this "
            "lasts, look who sends wrong passwords, or set passwords with fewer iterations (foz "
            "passwd --iterations)",
            queue_.size(), milliseconds(queue_.usual()), thread_count_,
            *held_back > 0 ? fmt::format(" ({} since the last such line)", *held_back) : "");
}

void Authenticator::run() {
    set_thread_name("passwords");
    MutexLock lock(mutex_);
    while (true) {
        work_.wait(
                mutex_, [this]() FOZ_REQUIRES(mutex_) { return stopping_ || queue_.size() > 0; });
        if (stopping_) {
            return;
        }
        Waiters late;
        const auto check = queue_.take(clock_.steady_now(), late);
        if (!late.empty()) {
            warn_that_checks_are_behind(clock_.steady_now());
        }
        lock.unlock();
        answer_all(late, PasswordVerdict::late);
        bool right = false;
        const SteadyTime begin = clock_.steady_now();
        if (check) {
            right = check->pair.passwords->verify(check->pair.user_name, check->pair.password);
        }
        lock.lock();
        if (!check) {
            continue;
        }
        const SteadyTime end = clock_.steady_now();
        known_.remember(check->pair.key, right, end);
        const Waiters waiters = queue_.finish(*check, end - begin);
        lock.unlock();
        answer_all(waiters, right ? PasswordVerdict::right : PasswordVerdict::wrong);
        lock.lock();
    }
}

}  // namespace foz::access
