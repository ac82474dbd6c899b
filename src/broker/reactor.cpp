// SPDX-License-Identifier: Apache-2.0
#include "broker/reactor.h"

#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/printable.h"
#include "base/thread.h"
#include "broker/status_topics.h"
#include "config/quantity.h"

namespace foz::broker {

namespace {

// Of each reactor, though the messages are shared: a client that is a moment late gets them from
// there.
constexpr std::size_t kRecentBytes = 8 << 20;

}  // namespace

Reactor::Reactor(std::uint32_t index, ReactorContext& context)
    : index_(index),
      context_(context),
      tick_{.now = context.clock.steady_now()},
      loop_(context.clock),
      intake_(context.journal,
              {.log_name = "broker", .ack = context.ack, .retained_watcher = &context.dispatcher},
              context.counters.messages),
      log_(context),
      table_(index),
      memory_(context.connection_memory, context.settings.limits.connection_memory_bytes),
      timers_(context.settings.limits.connect_timeout, tick_.now),
      admission_(context, loop_, table_,
              [this](Connection& connection, const Admission::Decision& decision) {
                  decide(connection, decision);
              }),
      departures_(index, context, intake_.inbox(), log_),
      recent_(kRecentBytes),
      io_({
          .context = context,
          .tick = tick_,
          .loop = loop_,
          .table = table_,
          .timers = timers_,
          .memory = memory_,
          .intake = intake_,
          .log = log_,
          .owner = *this,
      }),
      next_check_(tick_.now),
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

void Reactor::adopt(int socket, const AccessPolicy& policy) {
    loop_.post([this, socket, &policy] { open(socket, policy); });
}

void Reactor::notify_progress() {
    if (intake_.wants_progress()) {
        loop_.wake();  // a tick delivers what has come due
    }
}

void Reactor::notify_space() {
    loop_.wake();  // a tick tries to append again
}

void Reactor::take_over(ConnectionHandle handle) {
    loop_.post([this, handle] {
        if (Connection* const connection = table_.find(handle)) {
            connection->protocol.close(kTakenOver, connection->output);
            io_.update(*connection);
        }
    });
}

void Reactor::grant(ConnectionHandle handle) {
    loop_.post([this, handle] {
        if (Connection* const connection = table_.find(handle)) {
            start_session(*connection);
        }  // else it has gone, and passes the client id on when it is released
    });
}

void Reactor::hand_out(std::shared_ptr<const delivery::Handout> handout) {
    loop_.post([this, handout = std::move(handout)] { deal_with(*handout); });
}

void Reactor::end_session(const std::string& client_id) {
    loop_.post([this, client_id] { end_session_now(client_id); });
}

void Reactor::barrier(std::function<void()> done) {
    loop_.post([this, done = std::move(done)]() mutable { intake_.add_barrier(std::move(done)); });
}

void Reactor::drain(SteadyTime deadline) {
    loop_.post([this, deadline] {
        drain_deadline_ = deadline;
        tick_.draining = true;
    });
}

void Reactor::run() {
    set_thread_name(fmt::format("reactor-{}", index_));
    while (!stop_ && !drained()) {
        tick(loop_.wait(work_left() ? tick_.now : next_check_));
    }
    close_all();
}

void Reactor::close_all() {
    table_.for_each([this](Connection& connection) {
        connection.protocol.close(
                {.reason = mqtt::ReasonCode::server_shutting_down, .cause = "foz is shutting down"},
                connection.output);
        (void)write_some(connection);
        table_.retire(connection);
        context_.counters.connections.fetch_sub(1, std::memory_order_relaxed);
    });
    table_.sweep();
}

// Everything that is ready, then one append and one write for each connection that has something to
// send.
void Reactor::tick(std::span<const EventLoop::Ready> ready) {
    tick_.now = context_.clock.steady_now();
    if (!intake_.stalled()) {
        intake_.inbox().set_now(context_.clock.system_now());
    }
    loop_.run_posted();
    for (const EventLoop::Ready& connection : ready) {
        if (intake_.inbox().full()) {
            break;  // the others stay ready
        }
        io_.on_ready(connection);
    }
    if (tick_.now >= next_check_) {
        check_time();
    }
    shed_memory();
    if (intake_.append(tick_.now)) {
        // In this order: a client id is free only when all that its connection has sent is in the
        // journal, and who waits for a barrier finds the sessions as the journal has them.
        io_.resume_after_append();
        departures_.release(tick_.now);
        intake_.run_barriers();
    }
    // After the append, which takes along what has come for the same wake-up; before the write, so
    // that one write has all of them.
    deliver_acks();
    io_.send_touched();
    table_.sweep();  // nobody holds a Connection& from here on
}

// Sending acknowledgements lets connections go on with input they had kept: more to append, at
// once.
bool Reactor::work_left() const {
    return io_.has_touched() ||
           (!intake_.stalled() &&
                   (!intake_.inbox().empty() || !departures_.empty() || intake_.has_barriers()));
}

bool Reactor::drained() const {
    return drain_deadline_ &&
           ((!intake_.stalled() && intake_.inbox().empty() && !intake_.has_acks()) ||
                   tick_.now >= *drain_deadline_);
}

void Reactor::deliver_acks() {
    if (!intake_.has_acks()) {
        return;
    }
    intake_.deliver(context_.committed, [this](const intake::PendingAck& ack) {
        if (Connection* const connection = table_.find(ack.connection)) {
            connection->protocol.acknowledge(ack, connection->output);
            io_.touch(*connection);
        }
    });
}

void Reactor::check_time() {
    timers_.advance(
            table_, tick_.now, [this](Connection& connection) { io_.close_overdue(connection); });
    for (const ConnectionHandle& handle : admission_.departed()) {
        if (Connection* const connection = table_.find(handle)) {
            io_.finish(*connection);
        }
    }
    for (const std::string& client_id : std::exchange(sessions_to_end_, {})) {
        end_session_now(client_id);
    }
    if (index_ == 0) {
        departures_.take_due(tick_.now);
        if (tick_.now >= next_report_) {
            context_.client_log.tell(tick_.now);
            tell_status();
            departures_.warn_of_sessions(tick_.now);
            next_report_ = tick_.now + std::chrono::seconds(1);
        }
    }
    next_check_ = tick_.now + ConnectionTimers::kTick;
}

void Reactor::tell_status() {
    constexpr auto kInterval = std::chrono::seconds(10);
    if (tick_.now >= next_status_) {
        context_.dispatcher.set_status(status_topics(context_, tick_.now));
        next_status_ = tick_.now + kInterval;
    }
}

void Reactor::open(int socket, const AccessPolicy& policy) {
    Descriptor descriptor(socket);
    if (tick_.draining) {
        context_.counters.connections.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    std::unique_ptr<tls::ServerStream> stream;
    if (const auto tls = policy.tls()) {
        auto created = tls::ServerStream::create(*tls);
        if (!created) {
            spdlog::warn("a connection is refused: {}", created.error().message);
            context_.counters.connections.fetch_sub(1, std::memory_order_relaxed);
            return;
        }
        stream = std::make_unique<tls::ServerStream>(*std::move(created));
    }
    const int yes = 1;
    (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    Connection& connection = table_.add([&](ConnectionHandle handle) {
        return std::make_unique<Connection>(
                std::move(descriptor), policy, context_.settings, handle, tick_.now);
    });
    connection.tls = std::move(stream);
    admission_.enter(connection);
    io_.open(connection);
    evict_unidentified();
}

void Reactor::evict_unidentified() {
    while (const auto eviction = admission_.excess()) {
        context_.counters.connections_refused.fetch_add(1, std::memory_order_relaxed);
        log_.note_evicted(*eviction->connection, eviction->of_network, eviction->share, tick_.now);
        io_.finish(*eviction->connection);
    }
}

void Reactor::shed_memory() {
    while (Connection* const largest = memory_.excess(table_, context_.reactor_count)) {
        largest->protocol.close({.reason = mqtt::ReasonCode::quota_exceeded,
                                    .cause = "limits.connection_memory_bytes is reached"},
                largest->output,
                fmt::format(
                        "limits.connection_memory_bytes = {} is reached, and this connection has "
                        "the most of it ({}); raise the limit, or look what the client sends",
                        config::rounded_size_text(context_.settings.limits.connection_memory_bytes),
                        config::rounded_size_text(largest->memory_counted)));
        std::string().swap(largest->input);
        io_.update(*largest);
        memory_.count(*largest);
    }
}

void Reactor::on_connect(Connection& connection) {
    decide(connection, admission_.decide(connection));
}

void Reactor::decide(Connection& connection, const Admission::Decision& decision) {
    switch (decision.kind) {
        case Admission::Decision::Kind::awaited: memory_.count(connection); return;
        case Admission::Decision::Kind::admitted: claim(connection); return;
        case Admission::Decision::Kind::refused: break;
    }
    context_.counters.connections_refused.fetch_add(1, std::memory_order_relaxed);
    connection.protocol.refuse(decision.reason, decision.why, connection.output);
    io_.update(connection);
}

void Reactor::claim(Connection& connection) {
    // Before the claim: whoever finishes from here on has to let go of the client id.
    connection.admittance = Connection::Admittance::awaiting_client_id;
    const auto claim = context_.registry.claim(connection.protocol.client_id(), connection.self);
    if (claim.granted) {
        start_session(connection);
    } else if (claim.displaced && claim.displaced->slot != kNoSlot) {
        context_.reactors[claim.displaced->reactor]->take_over(*claim.displaced);
    }
}

void Reactor::start_session(Connection& connection) {
    if (connection.protocol.state() != Protocol::State::awaiting_session) {
        return;  // it was closed while it waited, and lets go of the client id with that
    }
    const auto dropped = connection.protocol.start_session(
            context_.registry, intake_.inbox(), connection.output);
    if (dropped) {
        departures_.add_ended_session(*dropped);
    }
    connection.protocol.note_presence(true, context_.clock.system_now());
    admission_.identify(connection);
    ConnectionLog::note_admitted(connection);
    connection.last_packet = tick_.now;
    timers_.set(connection, tick_.now);
    io_.take_early_input(connection);
}

void Reactor::deal_with(const delivery::Handout& handout) {
    if (handout.messages && handout.is_recent) {
        recent_.add(handout.messages);
    }
    for (const delivery::Handout::Item& item : handout.items) {
        Connection* const connection = table_.find(item.connection);
        if (connection != nullptr && connection->phase < Connection::Phase::closing &&
                connection->protocol.is_subscriber()) {
            deal_with(handout, item, *connection);
        }
    }
}

void Reactor::deal_with(const delivery::Handout& handout, const delivery::Handout::Item& item,
        Connection& connection) {
    using Kind = delivery::Handout::Kind;
    Protocol& protocol = connection.protocol;
    switch (item.kind) {
        case Kind::message:
            if (output_bytes(connection) >= context_.settings.limits.output_bytes) {
                io_.flush(connection);
                if (connection.phase == Connection::Phase::finished) {
                    return;
                }
            }
            protocol.deliveries().send_now((*handout.messages)[item.message], item.retain,
                    handout.identifiers_of(item), delivery_context(), connection.output);
            log_.note_losses(connection, tick_.now);
            io_.touch(connection);
            return;
        case Kind::queued: protocol.deliveries().note_queued(); break;
        case Kind::retained: protocol.deliveries().note_retained(handout.retained_of(item)); break;
        case Kind::fetched: protocol.deliveries().note_fetched(handout.messages, item.end); break;
        case Kind::result: protocol.take_result(item.reason, connection.output); break;
    }
    io_.update(connection);
}

DeliveryContext Reactor::delivery_context() {
    return {
        .inbox = intake_.inbox(),
        .recent = recent_,
        .now = context_.clock.system_now(),
        .output_max = context_.settings.limits.output_bytes,
    };
}

void Reactor::on_subscriber(Connection& connection) {
    context_.dispatcher.attach(connection.protocol.session(),
            {.reactor = index_, .connection = connection.self.token()});
}

void Reactor::on_capacity(Connection& connection) {
    auto missing = connection.protocol.deliveries().send(delivery_context(), connection.output);
    if (!missing.empty()) {
        context_.fetcher->fetch(
                {.reactor = index_, .connection = connection.self.token()}, std::move(missing));
    }
    log_.note_losses(connection, tick_.now);
    if (output_bytes(connection) > 0 && !waits_to_write(connection)) {
        io_.touch(connection);
    }
}

void Reactor::end_session_now(const std::string& client_id) {
    const auto owner = departures_.end_session(client_id);
    if (!owner) {
        return;
    }
    if (Connection* const connection = table_.find(*owner)) {
        connection->protocol.end_session(intake_.inbox(), connection->output);
        io_.update(*connection);
    } else {
        sessions_to_end_.push_back(client_id);  // once the connection has let go of it
    }
}

void Reactor::on_finished(Connection& connection) {
    using Admittance = Connection::Admittance;
    Protocol& protocol = connection.protocol;
    admission_.leave(connection);
    if (connection.admittance == Admittance::identified) {
        spdlog::debug("gone: client \"{}\"", printable(protocol.client_id()));
        if (!tick_.draining) {
            log_.note_end(connection, tick_.now);
        }
    }
    protocol.note_presence(false, context_.clock.system_now());
    if (connection.admittance >= Admittance::awaiting_client_id) {
        auto will = protocol.take_will();
        if (will && (will->delay.count() == 0 || !protocol.keeps_session())) {
            will->publish(protocol.client_id(), intake_.inbox());
            will.reset();
        }
        departures_.add(protocol.client_id(), connection.self, std::move(will),
                protocol.is_subscriber() ? protocol.session() : nullptr);
    }
    context_.counters.connections.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace foz::broker
