// SPDX-License-Identifier: Apache-2.0
#include "base/event_loop.h"

#include <algorithm>
#include <cerrno>

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace foz {
namespace {

constexpr std::uint64_t kWakeToken = ~0ULL;
constexpr std::chrono::hours kWaitMax{1};

std::uint32_t events_for(EventLoop::Interest interest) {
    const bool read = contains(interest, EventLoop::Interest::read);
    const bool write = contains(interest, EventLoop::Interest::write);
    return (read ? std::uint32_t{EPOLLIN} : 0U) | (write ? std::uint32_t{EPOLLOUT} : 0U);
}

}  // namespace

EventLoop::EventLoop(const Clock& clock)
    : clock_(clock),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      events_(kReadyMax) {
    FOZ_CHECK(epoll_.number() >= 0 && wake_event_.number() >= 0);
    // Edge-triggered: every write is news, and nobody has to read the counter.
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = kWakeToken}};
    FOZ_CHECK(::epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, wake_event_.number(), &event) == 0);
    clock_.add_waiter(*this);
}

EventLoop::~EventLoop() {
    clock_.remove_waiter(*this);
}

bool EventLoop::change_interest(int descriptor, std::uint64_t token, Interest from, Interest to) {
    if (from == to) {
        return true;
    }
    epoll_event event{.events = events_for(to), .data = {.u64 = token}};
    int operation = EPOLL_CTL_MOD;
    if (to == Interest::none) {
        operation = EPOLL_CTL_DEL;
    } else if (from == Interest::none) {
        operation = EPOLL_CTL_ADD;
    }
    return ::epoll_ctl(epoll_.number(), operation, descriptor, &event) == 0;
}

std::span<const EventLoop::Ready> EventLoop::wait(SteadyTime until) {
    // Sequentially consistent, as in wake(): either this thread sees that it was woken, or wake()
    // sees that it sleeps.
    asleep_.store(true);
    const SteadyTime now = clock_.steady_now();
    SteadyTime::duration left{0};
    if (until > now && !woken_.load()) {
        left = std::min<SteadyTime::duration>(until - now, kWaitMax);
    }
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    const int count = ::epoll_pwait2(epoll_.number(), events_.data(), kReadyMax, &timeout, nullptr);
    FOZ_CHECK(count >= 0 || errno == EINTR);
    asleep_.store(false);
    (void)woken_.exchange(false);  // reads, so that what was done before wake() is seen
    std::size_t ready = 0;
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events_[static_cast<std::size_t>(i)];
        if (event.data.u64 == kWakeToken) {
            continue;
        }
        const bool failed = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
        ready_[ready++] = {
            .token = event.data.u64,
            .readable = failed || (event.events & EPOLLIN) != 0,
            .writable = failed || (event.events & EPOLLOUT) != 0,
        };
    }
    return {ready_.data(), ready};
}

void EventLoop::wake() {
    if (!woken_.exchange(true) && asleep_.load()) {
        (void)::eventfd_write(wake_event_.number(), 1);
    }
}

void EventLoop::post(std::function<void()> function) {
    {
        const MutexLock lock(mutex_);
        posted_.push_back(std::move(function));
    }
    wake();
}

void EventLoop::run_posted() {
    {
        const MutexLock lock(mutex_);
        running_.swap(posted_);
    }
    for (const auto& function : running_) {
        function();
    }
    running_.clear();
}

}  // namespace foz
