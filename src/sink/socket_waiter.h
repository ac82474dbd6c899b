// SPDX-License-Identifier: Apache-2.0
// How long a sink waits for its server. A server that holds the connection and says nothing (it is
// frozen, or a proxy keeps the door open for one that is gone) would hang the lane for ever: TCP
// notices only a network that is dead. So whoever waits for a server's socket waits here: for a
// limited silence, and until another thread says that foz ends.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "sink/sink.h"

namespace foz::sink {

/// One thread waits.
class SocketWaiter {
  public:
    SocketWaiter();
    ~SocketWaiter();
    SocketWaiter(const SocketWaiter&) = delete;
    SocketWaiter& operator=(const SocketWaiter&) = delete;

    /// Any thread. No wait lasts longer than until `deadline`, the one under way neither.
    void end_at(SteadyTime deadline);
    /// Whether that deadline has passed.
    [[nodiscard]] bool at_end() const;

    /// Waits until `socket` is ready for one of `events`, as poll(2) has them. Yields those that it
    /// is ready for; 0 after `at_most` (nothing: no limit), or at the end.
    [[nodiscard]] short wait(
            int socket, short events, std::optional<std::chrono::milliseconds> at_most);

  private:
    int wake_;  // an eventfd: the deadline has changed
    std::atomic<SteadyTime::rep> end_;
};

/// What a sink says when such a wait was in vain: FailureKind::reconnect.
[[nodiscard]] SinkError silence_error(std::string_view server, const SocketWaiter& waiter,
        std::optional<std::chrono::milliseconds> at_most);

}  // namespace foz::sink
