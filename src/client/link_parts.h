// SPDX-License-Identifier: Apache-2.0
// What is behind Link: one transport after the other, its buffers, the timer. For link.cpp and
// link_parts.cpp. Everything happens on the loop's thread.
//
//   attempt() ─▶ connect ─▶ after_connect() ─▶ read() ⇄ after_read() ─▶ lose() ─▶ (wait) attempt()
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "base/backoff.h"
#include "client/link.h"
#include "client/link_reporter.h"
#include "client/transport.h"

namespace foz::client {

/// So many bytes may wait to be written; beyond that there is no room.
inline constexpr std::size_t kBacklogBytesMax = 1 << 20;

/// A transport and the memory that it reads into and writes from, kept by its callbacks: OpenSSL
/// may still touch that after close().
struct Wire {
    std::shared_ptr<Transport> transport;
    std::vector<char> buffer;
    std::string writing;  // is being written
};

/// Shared with the callbacks of the loop, each of which holds it; `round` tells those of an earlier
/// connection apart.
struct Link::Parts : std::enable_shared_from_this<Link::Parts> {
    Parts(Loop& loop, Options given, std::shared_ptr<session::Session> session, LinkUser& link_user,
            const Clock& link_clock);

    void attempt();
    [[nodiscard]] Result<TransportTarget> target() const;
    void after_connect(const Transport::Outcome& failure);
    void read();
    void after_read(const Transport::Outcome& failure, std::size_t size);
    void go_on_reading();
    void take_input();
    void end_batch();
    void flush();
    void after_write(const Transport::Outcome& failure);
    void lose(LinkFailure failure);
    void tick();
    void set_timer(std::chrono::nanoseconds delay, void (Parts::*then)());
    void on_connect_timeout();
    void give_room();
    void close_transport();
    void finish_stop();
    void report(const StepDone& step) {
        if (options.on_step) {
            options.on_step(step);
        }
    }
    /// A callback that does nothing once its connection is over.
    template <class Then>
    auto of_this_round(Then then) {
        return [self = shared_from_this(), made_in = round, kept = wire, then](
                       auto&&... arguments) {
            if (made_in == self->round) {
                then(*self, std::forward<decltype(arguments)>(arguments)...);
            }
        };
    }

    Loop& loop;
    const Options options;
    LinkUser& user;
    const Clock& clock;
    LinkReporter reporter;
    ClientProtocol protocol;
    Backoff backoff;
    boost::asio::steady_timer timer;
    std::uint64_t round = 0;  // of connecting
    std::shared_ptr<Wire> wire;

    std::size_t filled = 0;       // bytes in wire->buffer that are not taken yet
    std::size_t batch_bytes = 0;  // taken since the last on_read_end()
    bool batch_end_posted = false;
    bool reading = false;  // a read is under way
    bool paused = false;
    bool attempt_due = false;         // and put off, because reading is paused
    Transport::Outcome read_failure;  // the end that was read while paused

    std::string out;        // to be written next
    bool was_full = false;  // has_capacity() said no

    bool ready_told = false;
    bool stopping = false;
    bool stopped = true;
    std::function<void()> on_stopped;
};

}  // namespace foz::client
