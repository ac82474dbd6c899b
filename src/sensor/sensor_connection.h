// SPDX-License-Identifier: Apache-2.0
// One sensor's way to the broker: its wire, what of it is watched in the loop, and the two buffers
// that are empty while it is silent: what the socket did not take yet, and the beginning of a
// packet that is not whole yet. Opened, used and closed any number of times. One thread, the
// loop's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/event_loop.h"
#include "sensor/wire.h"

namespace foz::sensor {

class SensorConnection {
  public:
    /// `loop` must outlive it; its events have `token`.
    SensorConnection(EventLoop& loop, std::uint64_t token) : loop_(&loop), token_(token) {}

    /// Begins to connect; finish_opening() is to follow when the loop says so. Error: io.
    [[nodiscard]] Result<void> open(const WireEnd& broker, std::uint32_t attempt);
    /// True: the connection can be used. False: to be called again. Error: it did not come about.
    [[nodiscard]] Result<bool> finish_opening(const WireEnd& broker);
    void close();

    [[nodiscard]] bool is_open() const { return wire_.is_open(); }
    /// finish_opening() has said true.
    [[nodiscard]] bool is_usable() const { return usable_; }

    /// What was kept of before and what has come, in `buffer`; empty: nothing has come. Error: why
    /// the connection is over.
    [[nodiscard]] Result<std::string_view> read(std::vector<char>& buffer);
    /// The beginning of a packet, for the next read().
    void keep(std::string_view partial) { partial_.assign(partial); }
    /// To be read again now: the socket will not tell.
    [[nodiscard]] bool holds_more() const { return wire_.holds_more(); }

    /// Sends `bytes`, or keeps what the socket does not take. That an error ended the connection
    /// shows at the next read().
    void write(std::string_view bytes);
    /// The socket is writable. True: nothing is unsent any more.
    [[nodiscard]] bool write_unsent();
    [[nodiscard]] bool has_unsent() const { return !unsent_.empty(); }

  private:
    void watch(EventLoop::Interest interest);

    EventLoop* loop_;
    std::uint64_t token_;
    std::string unsent_;
    std::string partial_;
    Wire wire_;
    EventLoop::Interest interest_ = EventLoop::Interest::none;
    bool usable_ = false;
};

}  // namespace foz::sensor
