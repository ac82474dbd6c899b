// SPDX-License-Identifier: Apache-2.0
// An event loop over epoll(7), for threads that serve many sockets: what is ready comes in batches,
// sockets stay registered while nothing about them changes (level-triggered, so that a message
// costs no epoll_ctl), and other threads wake it at most once for each round.
// docs/decisions/0005-event-loop.md says why it is not Asio's.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <sys/epoll.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/mutex.h"

namespace foz {

/// Post and wake may be called on any thread, all else on the loop's.
class EventLoop final : private ClockWaiter {
  public:
    /// A set of what is asked about a descriptor.
    enum class Interest : std::uint8_t { none = 0, read = 1, write = 2, both = 3 };

    /// A descriptor that is ready for what was asked, or has failed, which reading or writing will
    /// tell.
    struct Ready {
        std::uint64_t token = 0;
        bool readable = false;
        bool writable = false;
    };

    /// `clock`, by which it waits, must outlive it.
    explicit EventLoop(const Clock& clock);
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    ~EventLoop() override;

    /// Changes what is asked about `descriptor`: with `none` it is forgotten, as it is when it is
    /// closed. False: the kernel has no memory for it.
    [[nodiscard]] bool change_interest(
            int descriptor, std::uint64_t token, Interest from, Interest to);

    /// Waits until a descriptor is ready, wake() or post() was called, or it is `until`: any time,
    /// also one that is over. run_posted() is to follow. It may end earlier. The result is valid
    /// until the next call.
    [[nodiscard]] std::span<const Ready> wait(SteadyTime until);
    void run_posted();

    // Any thread:

    /// Ends a wait() that is under way, or the next one.
    void wake();
    /// `function` runs on the loop's thread, in run_posted().
    void post(std::function<void()> function);

  private:
    static constexpr std::size_t kReadyMax = 256;

    void on_clock_moved() override { wake(); }

    const Clock& clock_;
    const Descriptor epoll_;
    const Descriptor wake_event_;
    std::vector<epoll_event> events_;
    std::array<Ready, kReadyMax> ready_;

    std::atomic<bool> asleep_ = false;
    std::atomic<bool> woken_ = false;
    Mutex mutex_;
    std::vector<std::function<void()>> posted_ FOZ_GUARDED_BY(mutex_);
    std::vector<std::function<void()>> running_;
};

[[nodiscard]] constexpr EventLoop::Interest operator|(
        EventLoop::Interest a, EventLoop::Interest b) {
    return static_cast<EventLoop::Interest>(
            static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}

/// Whether `one` is among `set`.
[[nodiscard]] constexpr bool contains(EventLoop::Interest set, EventLoop::Interest one) {
    return (set | one) == set;
}

}  // namespace foz
