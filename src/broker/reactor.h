// SPDX-License-Identifier: Apache-2.0
// One event loop with the connections that live on it, on a thread of its own.
//
// It works in ticks: whatever is ready is read and parsed (connection_io.h); then all of it is
// appended to the journal as one batch, and all that there is to send is sent with one write a
// connection. Acknowledgements wait until the journal says that their batch is on disk
// (intake/intake.h). When the journal takes nothing, the reactor keeps the one batch, stops
// reading, and goes on when there is room.
//
// The functions under "any thread" may be called from anywhere; all else runs on the reactor's
// thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/event_loop.h"
#include "broker/admission.h"
#include "broker/connection_io.h"
#include "broker/connection_log.h"
#include "broker/connection_table.h"
#include "broker/connection_timers.h"
#include "broker/departures.h"
#include "broker/memory_budget.h"
#include "broker/reactor_context.h"
#include "delivery/handout.h"
#include "delivery/recent_messages.h"
#include "intake/intake.h"

namespace foz::broker {

class Reactor final : public delivery::Outlet, private ConnectionOwner {
  public:
    /// `context` must outlive it. Starts the thread.
    Reactor(std::uint32_t index, ReactorContext& context);
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;
    ~Reactor() override;

    // Any thread:

    /// Takes over a socket that was accepted, and closes it in the end. `policy` must outlive the
    /// reactor.
    void adopt(int socket, const AccessPolicy& policy);
    /// Records below `end` are on disk; with ack = "commit", also `committed`.
    void notify_progress();
    /// The journal takes appends again.
    void notify_space();
    /// Another connection has claimed the client id of `handle`: close it.
    void take_over(ConnectionHandle handle);
    /// The claim of `handle` on its client id was granted.
    void grant(ConnectionHandle handle);
    void hand_out(std::shared_ptr<const delivery::Handout> handout) override;
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
    void deliver_acks();
    void check_time();
    void tell_status();
    void close_all();

    void open(int socket, const AccessPolicy& policy);
    void evict_unidentified();
    void shed_memory();
    void decide(Connection& connection, const Admission::Decision& decision);
    void claim(Connection& connection);
    void start_session(Connection& connection);
    void end_session_now(const std::string& client_id);

    void deal_with(const delivery::Handout& handout);
    void deal_with(const delivery::Handout& handout, const delivery::Handout::Item& item,
            Connection& connection);
    [[nodiscard]] DeliveryContext delivery_context();

    void on_subscriber(Connection& connection) override;
    void on_capacity(Connection& connection) override;
    void on_connect(Connection& connection) override;
    void on_finished(Connection& connection) override;

    const std::uint32_t index_;
    ReactorContext& context_;
    Tick tick_;
    EventLoop loop_;
    intake::Intake intake_;
    ConnectionLog log_;
    ConnectionTable table_;
    MemoryBudget memory_;
    ConnectionTimers timers_;
    Admission admission_;
    Departures departures_;
    delivery::RecentMessages recent_;
    ConnectionIo io_;

    // Whose connections were about to go when a person wanted them ended.
    std::vector<std::string> sessions_to_end_;
    SteadyTime next_check_;   // of deadlines
    SteadyTime next_report_;  // of reactor 0: when counts are said
    SteadyTime next_status_;  // the same, under $SYS
    std::optional<SteadyTime> drain_deadline_;

    std::atomic<bool> stop_ = false;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace foz::broker
