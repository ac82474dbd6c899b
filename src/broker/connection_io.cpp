// SPDX-License-Identifier: Apache-2.0
#include "broker/connection_io.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"

namespace foz::broker {

using Interest = EventLoop::Interest;
using Phase = Connection::Phase;

void ConnectionIo::open(Connection& connection) {
    dependencies_.timers.set(connection, dependencies_.tick.now);
    wait_to_read(connection);
}

bool ConnectionIo::may_read(const Connection& connection) const {
    return connection.phase == Phase::open && !dependencies_.tick.draining &&
           connection.protocol.may_take() && !is_full(connection);
}

bool ConnectionIo::is_full(const Connection& connection) const {
    return is_output_full(connection, dependencies_.context.settings.limits.output_bytes);
}

void ConnectionIo::on_ready(const EventLoop::Ready& ready) {
    Connection* const connection = dependencies_.table.find(ready.token);
    if (connection == nullptr) {
        return;  // closed earlier in this tick
    }
    if (ready.writable && waits_to_write(*connection)) {
        ask(*connection,
                contains(connection->interest, Interest::read) ? Interest::read : Interest::none);
        if (connection->phase == Phase::finished) {
            return;
        }
        touch(*connection);
    }
    if (!ready.readable || !contains(connection->interest, Interest::read)) {
        return;
    }
    if (!may_read(*connection)) {
        stop_asking_to_read(*connection);  // go_on() asks again
    } else if (dependencies_.intake.stalled()) {
        stop_asking_to_read(*connection);
        wait_for_append_.push_back(connection->self);
    } else {
        read(*connection);
    }
}

void ConnectionIo::wait_to_read(Connection& connection) {
    if (connection.phase == Phase::hung_up) {
        // What was kept is taken first; what is left of a packet then never gets whole.
        if (connection.input.empty() || connection.protocol.may_take()) {
            begin_closing(connection);
            touch(connection);
        }
    } else if (connection.phase == Phase::open && !dependencies_.tick.draining) {
        ask(connection, connection.interest | Interest::read);
    }
}

void ConnectionIo::stop_asking_to_read(Connection& connection) {
    ask(connection, waits_to_write(connection) ? Interest::write : Interest::none);
}

void ConnectionIo::ask(Connection& connection, Interest interest) {
    const bool asked = dependencies_.loop.change_interest(
            connection.socket.number(), connection.self.token(), connection.interest, interest);
    if (asked) {
        connection.interest = interest;
    } else {
        finish(connection);  // without the kernel's memory for it, nothing else is possible
    }
}

// Its last words are still sent, if the peer takes them in time: others may wait for its client id.
void ConnectionIo::begin_closing(Connection& connection) {
    connection.phase = Phase::closing;
    connection.last_packet = dependencies_.tick.now;
    dependencies_.timers.set(connection, dependencies_.tick.now);
}

void ConnectionIo::read(Connection& connection) {
    // A short incomplete packet moves to the front of the read buffer; a long one is added to where
    // it is.
    const std::span<char> buffer = buffers_.plain();
    const std::size_t kept = connection.input.size();
    const bool joins = kept <= ReadBuffers::kReadBytes;
    const std::size_t offset = joins ? kept : 0;
    std::copy_n(connection.input.data(), offset, buffer.data());
    const ReadResult read = read_some(connection, buffers_, offset);
    if (read.size > 0 && joins) {
        take_input(connection, {buffer.data(), kept + read.size});
    } else if (read.size > 0) {
        take_more(connection, {buffer.data(), read.size});
    }
    if (connection.phase == Phase::finished) {
        return;
    }
    if (read.outcome == IoOutcome::closed) {
        note_tls_failure(connection);
        hang_up(connection);
        return;
    }
    if (!connection.sealed.empty()) {
        touch(connection);
    }
    if (read.size == 0) {
        dependencies_.memory.count(connection);
    }
}

// The peer has closed its side. What it had sent before is taken all the same, when its password
// has been checked or the journal has room: a device that publishes and hangs up is not to blame.
void ConnectionIo::hang_up(Connection& connection) {
    const auto state = connection.protocol.state();
    const bool waits =
            state == Protocol::State::awaiting_session ||
            (state == Protocol::State::connected &&
                    (dependencies_.intake.inbox().full() || !connection.protocol.may_take()));
    if (connection.phase == Phase::closing || connection.input.empty() || !waits) {
        finish(connection);
        return;
    }
    connection.phase = Phase::hung_up;
    stop_asking_to_read(connection);
}

// More of a packet that is too long for the read buffer.
void ConnectionIo::take_more(Connection& connection, std::string_view bytes) {
    connection.input.append(bytes);
    if (connection.input.size() < mqtt::packet_size(connection.input)) {
        dependencies_.memory.count(connection);
        return;
    }
    const std::string whole = std::exchange(connection.input, {});
    take_input(connection, whole);
}

// The client may have sent more without waiting for CONNACK [MQTT-3.1.4-6].
void ConnectionIo::take_early_input(Connection& connection) {
    const std::string early = std::exchange(connection.input, {});
    take_input(connection, early);
}

void ConnectionIo::note_tls_failure(Connection& connection) {
    if (connection.tls && connection.tls->state() == tls::StreamState::failed) {
        const std::string& why = connection.tls->error();
        dependencies_.context.counters.connections_refused.fetch_add(1, std::memory_order_relaxed);
        dependencies_.log.note_closed(connection, why, why, dependencies_.tick.now);
    }
}

void ConnectionIo::take_input(Connection& connection, std::string_view bytes) {
    FOZ_CHECK(connection.phase != Phase::finished);
    const std::size_t taken =
            connection.protocol.consume(bytes, dependencies_.intake.inbox(), connection.output);
    if (taken > 0) {
        connection.last_packet = dependencies_.tick.now;
    }
    // `bytes` may have been connection.input, but is never a view of it: those who pass it have
    // moved it out.
    if (taken < bytes.size()) {
        connection.input.assign(bytes.substr(taken));
    } else if (!connection.input.empty()) {
        std::string().swap(connection.input);
    }
    update(connection);
}

void ConnectionIo::update(Connection& connection) {
    FOZ_CHECK(connection.phase != Phase::finished);
    if (connection.protocol.take_wants_attachment()) {
        dependencies_.owner.on_subscriber(connection);
    }
    const auto state = connection.protocol.state();
    if (state == Protocol::State::closed) {
        if (connection.phase != Phase::closing) {
            begin_closing(connection);  // once: phase only goes forward
            dependencies_.log.note_closed(connection, connection.protocol.ending().cause,
                    connection.protocol.close_reason(), dependencies_.tick.now);
        }
        touch(connection);
        return;
    }
    dependencies_.memory.count(connection);
    if (state == Protocol::State::awaiting_session) {
        if (connection.admittance == Connection::Admittance::unidentified) {
            dependencies_.owner.on_connect(connection);
        }  // else more has come after CONNECT; the socket keeps the rest
        return;
    }
    if (connection.protocol.is_subscriber() && connection.protocol.deliveries().may_send()) {
        dependencies_.owner.on_capacity(connection);
    }
    // Else on_ready() does: touched again and again, one that cannot write would keep
    // send_touched() going.
    if (output_bytes(connection) > 0 && !waits_to_write(connection)) {
        touch(connection);
    }
    if (dependencies_.intake.inbox().full() && !connection.input.empty()) {
        wait_for_append_.push_back(connection.self);
    } else if (connection.protocol.may_take() && !is_full(connection)) {
        wait_to_read(connection);
    }
}

void ConnectionIo::resume_after_append() {
    for (const ConnectionHandle& handle : std::exchange(wait_for_append_, {})) {
        if (Connection* const connection = dependencies_.table.find(handle)) {
            touch(*connection);
        }
    }
}

void ConnectionIo::touch(Connection& connection) {
    if (!connection.touched) {
        connection.touched = true;
        touched_.push_back(connection.self);
    }
}

void ConnectionIo::send_touched() {
    // Sending may touch others again: acknowledgements let a connection go on with input it had
    // kept.
    for (std::size_t i = 0; i < touched_.size(); ++i) {
        if (Connection* const connection = dependencies_.table.find(touched_[i])) {
            connection->touched = false;
            send(*connection);
        }
    }
    touched_.clear();
}

void ConnectionIo::flush(Connection& connection) {
    if (connection.phase == Phase::open && !waits_to_write(connection) &&
            write_some(connection) == IoOutcome::would_block) {
        ask(connection, connection.interest | Interest::write);
    }
}

void ConnectionIo::send(Connection& connection) {
    if (output_bytes(connection) > 0 && !waits_to_write(connection)) {
        switch (write_some(connection)) {
            case IoOutcome::done: break;
            case IoOutcome::would_block:
                ask(connection, connection.interest | Interest::write);
                break;
            case IoOutcome::closed:
                if (connection.phase == Phase::closing ||
                        connection.protocol.state() != Protocol::State::connected) {
                    finish(connection);
                    return;
                }
                // It hears no acknowledgement, but may have sent more before it hung up: reading
                // goes on to the end.
                std::string().swap(connection.output);
                std::string().swap(connection.sealed);
                break;
        }
    }
    if (connection.phase == Phase::closing && !waits_to_write(connection)) {
        finish(connection);
    } else if (connection.phase < Phase::closing) {
        go_on(connection);
    }
}

// Takes input that was kept, or waits for more.
void ConnectionIo::go_on(Connection& connection) {
    if (is_full(connection)) {
        return;  // until the peer has taken some of it
    }
    if (connection.protocol.is_subscriber() && connection.protocol.deliveries().may_send()) {
        dependencies_.owner.on_capacity(connection);
    }
    if (!connection.input.empty() && connection.protocol.may_take() &&
            connection.protocol.state() == Protocol::State::connected) {
        if (dependencies_.intake.stalled() || dependencies_.intake.inbox().full()) {
            wait_for_append_.push_back(connection.self);
            return;
        }
        const std::string kept = std::exchange(connection.input, {});
        take_input(connection, kept);
        return;
    }
    dependencies_.memory.count(connection);
    wait_to_read(connection);
}

void ConnectionIo::close_overdue(Connection& connection) {
    if (connection.phase == Phase::closing) {
        finish(connection);
        return;
    }
    // While foz itself does not read, nobody is silent.
    const bool behind = connection.protocol.state() == Protocol::State::connected &&
                        !is_full(connection) && has_unread(connection);
    if (dependencies_.intake.stalled() || behind) {
        connection.last_packet = dependencies_.tick.now;
        dependencies_.timers.set(connection, dependencies_.tick.now);
        return;
    }
    connection.protocol.close(why_overdue(connection), connection.output);
    update(connection);
}

void ConnectionIo::finish(Connection& connection) {
    FOZ_CHECK(connection.phase != Phase::finished);
    if (connection.tls) {
        if (connection.tls->state() == tls::StreamState::open) {
            connection.tls->close(connection.sealed);
        }
        (void)write_some(connection);  // the orderly end, or the alert that says why
    }
    dependencies_.owner.on_finished(connection);
    dependencies_.memory.release(connection);
    // The socket stays open until the sweep: its number is nobody else's within this tick.
    connection.phase = Phase::finished;
    dependencies_.table.retire(connection);
}

}  // namespace foz::broker
