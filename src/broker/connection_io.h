// SPDX-License-Identifier: Apache-2.0
// Moves bytes between the sockets of one reactor's connections and their protocols.
//
//   on_ready() ─▶ read ─▶ Protocol::consume() ─▶ Inbox ─▶ (append) ─▶ resume_after_append()
//                              │ output
//   touch() ───────────────────┴─▶ send_touched(): one write for each connection in a tick
//
// A connection that is written to is read from too, until so much waits for a peer that does not
// read (is_output_full). While the journal takes nothing, nothing is read.
//
// Any function that takes a connection may finish it; the reference stays good until the table's
// sweep(), and nothing may be called with it any more. One thread, the reactor's.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "broker/connection.h"
#include "broker/connection_log.h"
#include "broker/connection_table.h"
#include "broker/connection_timers.h"
#include "broker/memory_budget.h"
#include "broker/reactor_context.h"
#include "intake/intake.h"

namespace foz::broker {

/// One round of a reactor's loop.
struct Tick {
    SteadyTime now;
    bool draining = false;  // foz is about to end: nothing more is read
};

/// What ConnectionIo leaves to the reactor.
class ConnectionOwner {
  public:
    virtual ~ConnectionOwner() = default;

    /// The CONNECT of `connection` is here: Protocol::State::awaiting_session.
    virtual void on_connect(Connection& connection) = 0;
    /// It is to hear of messages: before the inbox is appended.
    virtual void on_subscriber(Connection& connection) = 0;
    /// There is room for more of its messages: in its window, or in its output.
    virtual void on_capacity(Connection& connection) = 0;
    /// It has ended, and is about to be retired: everything that knows of it lets go of it.
    virtual void on_finished(Connection& connection) = 0;
};

class ConnectionIo {
  public:
    /// All must outlive it.
    struct Dependencies {
        ReactorContext& context;
        const Tick& tick;
        EventLoop& loop;
        ConnectionTable& table;
        ConnectionTimers& timers;
        MemoryBudget& memory;
        intake::Intake& intake;
        ConnectionLog& log;
        ConnectionOwner& owner;
    };
    explicit ConnectionIo(const Dependencies& dependencies) : dependencies_(dependencies) {}

    /// Begins to read from a new connection.
    void open(Connection& connection);
    void on_ready(const EventLoop::Ready& ready);
    /// Passes to the protocol what it had sent before its session was there.
    void take_early_input(Connection& connection);
    /// Something was done to its protocol: sends what that says, and closes it if that is closed.
    void update(Connection& connection);
    /// Has something to send, or may go on with input that was kept: send_touched() sees to it.
    void touch(Connection& connection);
    void send_touched();
    /// Sends what waits now, to make room for more.
    void flush(Connection& connection);
    [[nodiscard]] bool has_touched() const { return !touched_.empty(); }
    /// The inbox is appended: there is room for those that have sent more.
    void resume_after_append();
    /// Ends it now; what it has not been sent is lost.
    void finish(Connection& connection);
    /// Its deadline has passed.
    void close_overdue(Connection& connection);

  private:
    void read(Connection& connection);
    void take_input(Connection& connection, std::string_view bytes);
    void take_more(Connection& connection, std::string_view bytes);
    void note_tls_failure(Connection& connection);
    void hang_up(Connection& connection);
    void begin_closing(Connection& connection);
    void send(Connection& connection);
    void go_on(Connection& connection);
    void wait_to_read(Connection& connection);
    void ask(Connection& connection, EventLoop::Interest interest);
    void stop_asking_to_read(Connection& connection);
    [[nodiscard]] bool may_read(const Connection& connection) const;
    [[nodiscard]] bool is_full(const Connection& connection) const;

    const Dependencies dependencies_;
    ReadBuffers buffers_;
    std::vector<ConnectionHandle> touched_;
    // Have sent more, which is taken after the next append.
    std::vector<ConnectionHandle> wait_for_append_;
};

}  // namespace foz::broker
