// SPDX-License-Identifier: Apache-2.0
#include "broker/reactor.h"

#include <algorithm>
#include <utility>

#include "base/thread.h"

namespace foz::broker {

Reactor::Reactor(std::uint32_t index, ReactorContext& context)
    : index_(index),
      context_(context),
      deadlines_(context.clock.steady_now()),
      now_(context.clock.steady_now()),
      next_check_(now_),
      thread_([this] { run(); }) {}

Reactor::~Reactor() {
    stop();
}

void Reactor::stop() {
    stop_ = true;
    loop_.wake();
    join();
}

void Reactor::join() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Reactor::adopt(int socket, const Door& door) {
    loop_.post([this, socket, &door] { open(socket, door); });
}

void Reactor::notify_progress() {
    if (wants_progress_) {
        loop_.wake();  // a tick delivers what has come due
    }
}

void Reactor::notify_room() {
    loop_.wake();  // a tick tries to append again
}

void Reactor::take_over(ConnectionHandle handle) {
    loop_.post([this, handle] {
        if (Connection* connection = find(handle)) {
            connection->protocol.close(kTakenOver, connection->output);
            after_input(*connection);
        }
    });
}

void Reactor::grant(ConnectionHandle handle) {
    loop_.post([this, handle] {
        if (Connection* connection = find(handle)) {
            start_session(*connection);
        }  // else it has gone, and passes the client id on when it is released
    });
}

void Reactor::end_session(const std::string& client_id) {
    loop_.post([this, client_id] { end_now(client_id); });
}

void Reactor::barrier(std::function<void()> done) {
    loop_.post([this, done = std::move(done)]() mutable { barriers_.push_back(std::move(done)); });
}

void Reactor::drain(SteadyTime deadline) {
    loop_.post([this, deadline] { drain_deadline_ = deadline; });
}

void Reactor::run() {
    set_thread_name(fmt::format("reactor-{}", index_));
    while (!stop_ && !drained()) {
        const auto pause =
            work_left() ? SteadyTime::duration::zero() : next_check_ - context_.clock.steady_now();
        tick(loop_.wait(pause));
    }
    for (Slot& slot : slots_) {
        if (slot.connection) {
            slot.connection->protocol.close(
                {.reason = mqtt::ReasonCode::server_shutting_down, .cause = "foz is shutting down"},
                slot.connection->output
            );
            (void)write_some(*slot.connection);
            slot.connection.reset();
            context_.counters.connections.fetch_sub(1, std::memory_order_relaxed);
        }
    }
}

// Everything that is ready, then one append and one write for each connection that has something to
// send.
void Reactor::tick(std::span<const EventLoop::Ready> ready) {
    now_ = context_.clock.steady_now();
    if (!holding_) {
        inbox_.set_now(context_.clock.system_now());
    }
    loop_.run_posted();
    for (const EventLoop::Ready& connection : ready) {
        if (inbox_.full()) {
            break;  // the others stay ready
        }
        on_ready(connection);
    }
    if (now_ >= next_check_) {
        check_time();
    }
    shed_memory();
    if (append_inbox()) {
        release_departed();
        for (const auto& done : std::exchange(barriers_, {})) {
            done();
        }
    }
    deliver_acks();
    send_touched();
}

// Sending acknowledgements lets connections go on with input they had kept: more to append, at
// once.
bool Reactor::work_left() const {
    return !touched_.empty() ||
           (!holding_ && !(inbox_.empty() && departed_.empty() && barriers_.empty()));
}

bool Reactor::drained() const {
    return drain_deadline_ &&
           ((!holding_ && inbox_.empty() && acks_.empty() && durable_acks_.empty()) ||
            now_ >= *drain_deadline_);
}

// False: the journal has no room; the inbox is kept and nothing more is read until it has.
bool Reactor::append_inbox() {
    if (!inbox_.acks().empty()) {
        // Before the append and the look at durable_end(): what becomes durable after them finds
        // this set.
        wants_progress_ = true;
    }
    const auto end = append_records();
    holding_ = !end;
    if (holding_) {
        return false;
    }
    for (const ConnectionHandle& handle : std::exchange(wait_for_append_, {})) {
        if (Connection* connection = find(handle)) {
            touch(*connection);
        }
    }
    if (!inbox_.acks().empty()) {
        // Without records, they are of messages sent again, whose records are in the journal,
        // perhaps not yet durable.
        queue_acks(*end == 0 ? context_.journal.status().end : *end);
    }
    inbox_.clear();
    return true;
}

// Where the last one ends, 0 without any; nothing when the journal has no room for all of them.
std::optional<journal::Position> Reactor::append_records() {
    journal::Position end = 0;
    while (!inbox_.batches().empty()) {
        const auto appended = context_.journal.append(inbox_.batches().front());
        if (!appended) {
            if (const auto held_back = stalled_throttle_.pass(now_)) {
                spdlog::warn(
                    "the journal takes nothing, so nothing is acknowledged: {}",
                    appended.error().message
                );
            }
            return std::nullopt;
        }
        end = *appended;
        inbox_.pop_batch();
    }
    context_.counters.messages.fetch_add(inbox_.messages(), std::memory_order_relaxed);
    return end;
}

void Reactor::queue_acks(journal::Position end) {
    const auto releases = std::ranges::stable_partition(inbox_.acks(), [](const PendingAck& ack) {
        return ack.type != mqtt::PacketType::pubcomp;
    });
    early_acks_.assign(releases.begin(), releases.end());
    durable_acks_.push(end, early_acks_);
    inbox_.acks().erase(releases.begin(), releases.end());
    acks_.push(context_.ack == config::Ack::memory ? 0 : end, inbox_.acks());
}

void Reactor::release_departed() {
    for (Departed& departed : departed_) {
        forward_grant(context_.registry.release(
            departed.client_id, departed.connection, std::move(departed.will), now_
        ));
        if (const auto& will = departed.will) {
            log_early_will(departed.client_id);
            will->publish(departed.client_id, inbox_);
        }
    }
    departed_.clear();
}

void Reactor::forward_grant(std::optional<ConnectionHandle> granted) {
    if (granted && granted->slot != kNoSlot) {
        context_.reactors[granted->reactor]->grant(*granted);
    }
}

void Reactor::deliver_acks() {
    if (acks_.empty() && durable_acks_.empty()) {
        return;
    }
    const journal::Position durable = context_.journal.durable_end();
    const auto acknowledge = [this](const PendingAck& ack) {
        if (Connection* connection = find(ack.connection)) {
            connection->protocol.acknowledge(ack, connection->output);
            touch(*connection);
        }
    };
    durable_acks_.deliver(durable, acknowledge);
    acks_.deliver(
        context_.ack == config::Ack::commit ? std::min(durable, context_.committed.load())
                                            : durable,
        acknowledge
    );
    if (acks_.empty() && durable_acks_.empty()) {
        wants_progress_ = false;
    }
}

void Reactor::check_time() {
    deadlines_.advance(now_, [this](const ConnectionHandle& handle) { check_deadline(handle); });
    forget_departed_waiters();
    for (const std::string& client_id : std::exchange(sessions_to_end_, {})) {
        end_now(client_id);
    }
    if (index_ == 0) {
        take_due_sessions();
        if (now_ >= next_report_) {
            context_.client_log.tell(now_);
            warn_of_sessions();
            next_report_ = now_ + std::chrono::seconds(1);
        }
    }
    next_check_ = now_ + DeadlineWheel::kTick;
}

}  // namespace foz::broker
