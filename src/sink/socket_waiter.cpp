// SPDX-License-Identifier: Apache-2.0
#include "sink/socket_waiter.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace foz::sink {

namespace {

using std::chrono::milliseconds;

constexpr SteadyTime kNever = SteadyTime::max();

SteadyTime now() {
    return real_clock().steady_now();
}

int poll_timeout_until(SteadyTime limit) {
    if (limit == kNever) {
        return -1;
    }
    constexpr milliseconds kPollMax{60'000};
    return static_cast<int>(
            std::clamp(std::chrono::ceil<milliseconds>(limit - now()), milliseconds(0), kPollMax)
                    .count());
}

}  // namespace

SocketWaiter::SocketWaiter()
    : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), end_(kNever.time_since_epoch().count()) {
    FOZ_CHECK(wake_ >= 0);
}

SocketWaiter::~SocketWaiter() {
    ::close(wake_);
}

void SocketWaiter::end_at(SteadyTime deadline) {
    end_ = deadline.time_since_epoch().count();
    const std::uint64_t one = 1;
    FOZ_CHECK(::write(wake_, &one, sizeof one) == sizeof one);
}

bool SocketWaiter::at_end() const {
    return now().time_since_epoch().count() >= end_;
}

short SocketWaiter::wait(int socket, short events, std::optional<milliseconds> at_most) {
    const SteadyTime silence_end = at_most ? now() + *at_most : kNever;
    while (true) {
        const SteadyTime limit = std::min(silence_end, SteadyTime(SteadyTime::duration(end_)));
        pollfd sockets[2] = {{socket, events, 0}, {wake_, POLLIN, 0}};
        const int ready = ::poll(sockets, 2, poll_timeout_until(limit));
        FOZ_CHECK(ready >= 0 || errno == EINTR);
        if (ready > 0 && sockets[0].revents != 0) {
            return sockets[0].revents;
        }
        if (ready > 0 && sockets[1].revents != 0) {
            std::uint64_t count = 0;
            FOZ_CHECK(::read(wake_, &count, sizeof count) == sizeof count);
        } else if (now() >= limit) {
            return 0;
        }
    }
}

SinkError silence_error(
        std::string_view server, const SocketWaiter& waiter, std::optional<milliseconds> at_most) {
    std::string message =
            waiter.at_end() || !at_most
                    ? fmt::format("{} had not answered when foz had to end", server)
                    : fmt::format("{} has been silent for {:g} s (answer_timeout)", server,
                              std::chrono::duration<double>(*at_most).count());
    return {FailureKind::reconnect, "", std::move(message), std::nullopt};
}

}  // namespace foz::sink
