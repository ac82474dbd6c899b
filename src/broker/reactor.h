// SPDX-License-Identifier: Apache-2.0
// One event loop with the connections that live on it, on a thread of its own.
//
// It works in ticks: whatever is ready is read and parsed; then all of it is appended to the
// journal as one batch, and all that there is to send is sent with one write a connection.
// Acknowledgements wait until the journal says that their batch is on disk. When the journal takes
// nothing, the reactor keeps the one batch, stops reading, and goes on when there is room.
//
// The functions under "any thread" may be called from anywhere; all else runs on the reactor's
// thread.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/event_loop.h"
#include "base/log.h"
#include "broker/ack_queue.h"
#include "broker/connection.h"
#include "broker/deadline_wheel.h"
#include "broker/reactor_context.h"
#include "broker/unidentified.h"

namespace foz::broker {

class Reactor {
  public:
    /// `context` must outlive it. Starts the thread.
    Reactor(std::uint32_t index, ReactorContext& context);
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;
    ~Reactor();

    // Any thread:

    /// Takes over a socket that was accepted, and closes it in the end. `door` must outlive the
    /// reactor.
    void adopt(int socket, const Door& door);
    /// Records below `end` are on disk; with ack = "commit", also `committed`.
    void notify_progress();
    /// The journal takes appends again.
    void notify_room();
    /// Another connection has claimed the client id of `handle`: close it.
    void take_over(ConnectionHandle handle);
    /// The claim of `handle` on its client id was granted.
    void grant(ConnectionHandle handle);
    /// Ends a session for good, by the wish of a person, and closes the connection that has it.
    void end_session(const std::string& client_id);
    /// Calls `done` on the reactor's thread once everything that was received before this call is
    /// appended.
    void barrier(std::function<void()> done);
    /// Stops reading, sends the acknowledgements that come due until `deadline`, says good-bye, and
    /// ends.
    void drain(SteadyTime deadline);
    /// Ends the thread at once, without drain, and waits for it.
    void stop();
    /// Waits until the thread has ended.
    void join();

  private:
    void run();
    void tick(std::span<const EventLoop::Ready> ready);
    [[nodiscard]] bool work_left() const;
    [[nodiscard]] bool drained() const;

    // Connections.
    void open(int socket, const Door& door);
    [[nodiscard]] Connection* find(ConnectionHandle handle);
    [[nodiscard]] ConnectionHandle handle_of(std::uint64_t token) const;
    void on_ready(const EventLoop::Ready& ready);
    void wait_readable(Connection& connection);
    void set_interest(Connection& connection, EventLoop::Interest interest);
    void on_readable(Connection& connection);
    void take_input(Connection& connection, std::string_view bytes);
    void take_more(Connection& connection, std::string_view bytes);
    void note_tls_failure(Connection& connection);
    void after_input(Connection& connection);
    void touch(Connection& connection);
    void send_touched();
    void send(Connection& connection);
    void begin_closing(Connection& connection);
    void finish(Connection& connection);
    void admit(Connection& connection);
    void check_password(Connection& connection, Credentials credentials);
    void take_verdict(
        Connection& connection, const std::string& user, access::PasswordVerdict verdict
    );
    void forget_departed_waiters();
    void hang_up(Connection& connection);
    void refuse(Connection& connection, mqtt::ReasonCode reason, const std::string& why);
    void claim(Connection& connection);
    void start_session(Connection& connection);
    void count_memory(Connection& connection);
    void shed_memory();
    [[nodiscard]] Connection* largest_connection();
    void evict_unidentified();
    void identify(Connection& connection);

    // The journal.
    [[nodiscard]] bool append_inbox();
    [[nodiscard]] std::optional<journal::Position> append_records();
    void queue_acks(journal::Position end);
    void release_departed();
    void deliver_acks();

    // Time.
    void check_time();
    void check_deadline(ConnectionHandle handle);
    void add_deadline(Connection& connection);
    [[nodiscard]] std::optional<SteadyTime> deadline_of(const Connection& connection) const;
    void take_due_sessions();
    void end_now(const std::string& client_id);
    void end_departed(const std::string& client_id);
    void warn_of_sessions();

    void log_admitted(const Connection& connection);
    void log_closed(const Connection& connection, std::string_view cause, std::string_view reason);
    void log_refused_filter(const Connection& connection, std::string_view filter);
    void log_early_will(const std::string& client_id);
    void note_end(const Connection& connection);
    void tell_client(const Connection& connection, std::string_view cause, std::string text);
    void forward_grant(std::optional<ConnectionHandle> granted);

    static constexpr std::chrono::seconds kLastWordsTime{3};  // for a peer that does not read

    const std::uint32_t index_;
    ReactorContext& context_;
    EventLoop loop_;

    struct Slot {
        std::unique_ptr<Connection> connection;
        std::uint32_t generation = 0;
    };
    std::deque<Slot> slots_;
    std::vector<std::uint32_t> free_slots_;
    Unidentified unidentified_;
    std::vector<ConnectionHandle> password_waiters_;  // those that are gone are skipped
    std::uint64_t memory_counted_ = 0;                // of its connections, together
    DeadlineWheel deadlines_;

    Inbox inbox_;
    AckQueue acks_;
    AckQueue durable_acks_;  // PUBCOMP, which waits for the journal whatever the policy
    // Whether acknowledgements wait, or may after the append that is under way: only then is the
    // journal's progress worth a wake-up. Written by the reactor's thread.
    std::atomic<bool> wants_progress_ = false;
    bool holding_ = false;  // the journal has refused inbox_, which waits for room
    // Have sent more, which is taken after the next append.
    std::vector<ConnectionHandle> wait_for_append_;
    std::vector<ConnectionHandle> touched_;
    std::vector<std::function<void()>> barriers_;
    struct Departed {
        std::string client_id;
        ConnectionHandle connection;
        std::optional<Will> will;
    };
    std::vector<Departed> departed_;  // let go of their client ids after the next append
    std::vector<PendingAck> early_acks_;
    std::vector<std::string> sessions_to_end_;  // whose connections were about to go

    ReadBuffers buffers_;
    SteadyTime now_;         // of this tick
    SteadyTime next_check_;  // of deadlines
    std::optional<SteadyTime> drain_deadline_;
    LogThrottle stalled_throttle_;
    LogThrottle sessions_throttle_{std::chrono::hours(1)};
    SteadyTime next_report_;  // of reactor 0: when counts are said

    std::atomic<bool> stop_ = false;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace foz::broker
