// SPDX-License-Identifier: Apache-2.0
// The part of Reactor that deals with single connections: reading, writing, deadlines,
// closing.
#include <algorithm>
#include <utility>

#include "base/printable.h"
#include "broker/reactor.h"
#include "config/quantity.h"

namespace foz::broker {

namespace {

std::uint64_t token_of(ConnectionHandle handle) {
    return std::uint64_t{handle.generation} << 32 | handle.slot;
}

}  // namespace

ConnectionHandle Reactor::handle_of(std::uint64_t token) const {
    return {
        .reactor = index_,
        .slot = static_cast<std::uint32_t>(token),
        .generation = static_cast<std::uint32_t>(token >> 32),
    };
}

Connection* Reactor::find(ConnectionHandle handle) {
    if (handle.slot >= slots_.size()) {
        return nullptr;
    }
    Slot& slot = slots_[handle.slot];
    return slot.generation == handle.generation ? slot.connection.get() : nullptr;
}

void Reactor::on_ready(const EventLoop::Ready& ready) {
    Connection* const connection = find(handle_of(ready.token));
    if (connection == nullptr) {
        return;  // closed earlier in this tick
    }
    if (connection->writing) {
        if (ready.writable) {
            connection->writing = false;
            touch(*connection);
        }
        return;
    }
    if (connection->interest != EventLoop::Interest::read || connection->closing ||
        drain_deadline_ || !connection->protocol.may_take()) {
        // send() and take_input() wait for readability again.
        set_interest(*connection, EventLoop::Interest::none);
        return;
    }
    if (holding_) {
        set_interest(*connection, EventLoop::Interest::none);
        wait_for_append_.push_back(connection->self);
        return;
    }
    on_readable(*connection);
}

void Reactor::wait_readable(Connection& connection) {
    if (connection.hung_up) {
        // What was kept is taken first; what is left of a packet then never gets whole.
        if (!connection.closing && (connection.input.empty() || connection.protocol.may_take())) {
            begin_closing(connection);
            touch(connection);
        }
    } else if (!connection.closing && !drain_deadline_) {
        set_interest(connection, EventLoop::Interest::read);
    }
}

void Reactor::set_interest(Connection& connection, EventLoop::Interest interest) {
    const bool changed = loop_.change_interest(
        connection.socket.number(), token_of(connection.self), connection.interest, interest
    );
    connection.interest = changed ? interest : EventLoop::Interest::none;
    if (!changed) {
        begin_closing(connection);  // without the kernel's memory for it, nothing else is possible
        touch(connection);
    }
}

// Its last words are still sent, if the peer takes them in time: others may wait for its client id.
void Reactor::begin_closing(Connection& connection) {
    connection.closing = true;
    connection.last_packet = now_;
    add_deadline(connection);
}

void Reactor::on_readable(Connection& connection) {
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
    if (read.outcome == IoOutcome::closed) {
        note_tls_failure(connection);
        hang_up(connection);
        return;
    }
    if (!connection.sealed.empty()) {
        touch(connection);
    }
    if (read.size == 0) {
        count_memory(connection);
    }
}

// The peer has closed its side. What it had sent before is taken all the same, when its password
// has been checked or the journal has room: a device that publishes and hangs up is not to blame.
void Reactor::hang_up(Connection& connection) {
    const auto state = connection.protocol.state();
    const bool waits =
        state == Protocol::State::awaiting_session ||
        (state == Protocol::State::connected && (inbox_.full() || !connection.protocol.may_take()));
    if (connection.closing || connection.input.empty() || !waits) {
        finish(connection);
        return;
    }
    connection.hung_up = true;
    set_interest(connection, EventLoop::Interest::none);
}

// More of a packet that is too long for the read buffer.
void Reactor::take_more(Connection& connection, std::string_view bytes) {
    connection.input.append(bytes);
    if (connection.input.size() < mqtt::packet_size(connection.input)) {
        count_memory(connection);
        return;
    }
    const std::string whole = std::exchange(connection.input, {});
    take_input(connection, whole);
}

void Reactor::note_tls_failure(Connection& connection) {
    if (connection.tls && connection.tls->state() == tls::StreamState::failed) {
        context_.counters.connections_refused.fetch_add(1, std::memory_order_relaxed);
        log_closed(connection, connection.tls->error(), connection.tls->error());
    }
}

void Reactor::take_input(Connection& connection, std::string_view bytes) {
    const std::size_t taken = connection.protocol.consume(bytes, inbox_, connection.output);
    if (taken > 0) {
        connection.last_packet = now_;
    }
    if (taken < bytes.size()) {
        connection.input.assign(bytes.substr(taken));
    } else if (!connection.input.empty()) {
        std::string().swap(connection.input);
    }
    after_input(connection);
}

// Whatever consume() may have led to. May close the connection.
void Reactor::after_input(Connection& connection) {
    if (const std::string filter = connection.protocol.take_refused_filter(); !filter.empty()) {
        log_refused_filter(connection, filter);
    }
    switch (connection.protocol.state()) {
        case Protocol::State::closed:
            if (!connection.closing) {
                begin_closing(connection);
                log_closed(
                    connection,
                    connection.protocol.ending().cause,
                    connection.protocol.close_reason()
                );
            }
            touch(connection);
            return;
        case Protocol::State::awaiting_session:
            count_memory(connection);  // of what came after CONNECT; the socket keeps the rest
            if (!connection.admitted) {
                admit(connection);
            }
            return;
        case Protocol::State::awaiting_connect:
        case Protocol::State::connected: break;
    }
    if (has_output(connection)) {
        touch(connection);
    }
    count_memory(connection);
    if (inbox_.full() && !connection.input.empty()) {
        wait_for_append_.push_back(connection.self);
    } else if (!connection.closing && !connection.writing && connection.protocol.may_take()) {
        wait_readable(connection);
    }
}

void Reactor::count_memory(Connection& connection) {
    // What fits into std::string itself is part of the connection.
    const auto bytes_of = [](const std::string& text) {
        return text.capacity() > std::string().capacity() ? text.capacity() : 0;
    };
    std::size_t bytes =
        bytes_of(connection.input) + bytes_of(connection.output) + bytes_of(connection.sealed);
    if (!connection.closing) {  // what else there is goes in a moment, with the connection
        bytes += connection.protocol.kept_bytes() + connection.password_bytes;
    }
    if (bytes == connection.memory_counted) {
        return;
    }
    context_.connection_memory.fetch_add(bytes - connection.memory_counted);
    memory_counted_ += bytes - connection.memory_counted;
    connection.memory_counted = bytes;
}

// Over the limit the largest go, not those who happen to ask next: nobody can keep others out by
// filling the memory up. Each reactor that is over its share looks for its own.
void Reactor::shed_memory() {
    const std::uint64_t bytes_max = context_.settings.limits.connection_memory_bytes;
    while (context_.connection_memory > bytes_max &&
           memory_counted_ > bytes_max / context_.reactors.size()) {
        Connection* const largest = largest_connection();
        if (largest == nullptr) {
            return;  // all that is left goes already
        }
        largest->protocol.close(
            {.reason = mqtt::ReasonCode::quota_exceeded,
             .cause = "limits.connection_memory_bytes is reached"},
            largest->output,
            fmt::format(
                "limits.connection_memory_bytes = {} is reached, and this connection has the most "
                "of it ({}); raise the limit, or look what the client sends",
                config::rounded_size_text(bytes_max),
                config::rounded_size_text(largest->memory_counted)
            )
        );
        std::string().swap(largest->input);
        after_input(*largest);
        count_memory(*largest);
    }
}

Connection* Reactor::largest_connection() {
    Connection* largest = nullptr;
    for (const Slot& slot : slots_) {
        Connection* const connection = slot.connection.get();
        if (connection != nullptr && !connection->closing &&
            (largest == nullptr || connection->memory_counted > largest->memory_counted)) {
            largest = connection;
        }
    }
    return largest;
}

void Reactor::touch(Connection& connection) {
    if (!connection.touched) {
        connection.touched = true;
        touched_.push_back(connection.self);
    }
}

void Reactor::send_touched() {
    // Sending may touch others again: acknowledgements let a connection go on with input it had
    // kept.
    for (std::size_t i = 0; i < touched_.size(); ++i) {
        if (Connection* connection = find(touched_[i])) {
            connection->touched = false;
            send(*connection);
        }
    }
    touched_.clear();
}

void Reactor::send(Connection& connection) {
    if (connection.writing) {
        return;
    }
    if (has_output(connection)) {
        const IoOutcome outcome = write_some(connection);
        if (outcome == IoOutcome::closed &&
            (connection.closing || connection.protocol.state() != Protocol::State::connected)) {
            finish(connection);
            return;
        }
        if (outcome == IoOutcome::closed) {
            // It hears no acknowledgement, but may have sent more before it hung up: reading goes
            // on to the end.
            std::string().swap(connection.output);
            std::string().swap(connection.sealed);
        }
        if (outcome == IoOutcome::would_block) {
            // A peer that does not read its acknowledgements is not read from either.
            connection.writing = true;
            set_interest(connection, EventLoop::Interest::write);
            return;
        }
    }
    if (connection.closing) {
        finish(connection);
        return;
    }
    if (!connection.input.empty() && connection.protocol.may_take() &&
        connection.protocol.state() == Protocol::State::connected) {
        if (holding_ || inbox_.full()) {
            wait_for_append_.push_back(connection.self);
            return;
        }
        const std::string kept = std::exchange(connection.input, {});
        take_input(connection, kept);
        return;
    }
    count_memory(connection);
    wait_readable(connection);
}

void Reactor::finish(Connection& connection) {
    if (connection.tls) {
        if (connection.tls->state() == tls::StreamState::open) {
            connection.tls->close(connection.sealed);
        }
        (void)write_some(connection);  // the orderly end, or the alert that says why
    }
    if (connection.password_ticket != 0) {
        context_.authenticator.cancel(connection.password_ticket);
    }
    const ConnectionHandle handle = connection.self;
    Protocol& protocol = connection.protocol;
    if (connection.identified) {
        spdlog::debug("gone: client \"{}\"", printable(protocol.client_id()));
        note_end(connection);
    } else {
        unidentified_.remove(connection.peer.network(), connection.unidentified_number);
    }
    protocol.note_presence(false, context_.clock.system_now());
    if (connection.claimed) {
        auto will = protocol.take_will();
        if (will && (will->delay.count() == 0 || !protocol.keeps_session())) {
            will->publish(protocol.client_id(), inbox_);
            will.reset();
        }
        departed_.push_back({
            .client_id = protocol.client_id(),
            .connection = handle,
            .will = std::move(will),
        });
    }
    context_.connection_memory.fetch_sub(connection.memory_counted);
    memory_counted_ -= connection.memory_counted;
    context_.counters.connections.fetch_sub(1, std::memory_order_relaxed);
    Slot& slot = slots_[handle.slot];
    slot.connection.reset();
    ++slot.generation;
    free_slots_.push_back(handle.slot);
}

std::optional<SteadyTime> Reactor::deadline_of(const Connection& connection) const {
    if (connection.closing) {
        return connection.last_packet + kLastWordsTime;
    }
    if (connection.protocol.state() != Protocol::State::connected) {
        return connection.accepted + context_.settings.limits.connect_timeout;
    }
    const auto silence_max = std::chrono::seconds(connection.protocol.silence_max_seconds());
    if (silence_max.count() == 0) {
        return std::nullopt;
    }
    return connection.last_packet + silence_max;
}

void Reactor::add_deadline(Connection& connection) {
    if (const auto deadline = deadline_of(connection)) {
        connection.next_check = std::min(*deadline, now_ + DeadlineWheel::kHorizon);
        deadlines_.add(connection.self, connection.next_check);
    }
}

void Reactor::check_deadline(ConnectionHandle handle) {
    Connection* connection = find(handle);
    if (connection == nullptr || now_ < connection->next_check) {
        return;  // gone, or an entry that a later one has replaced
    }
    const auto deadline = deadline_of(*connection);
    if (!deadline) {
        return;  // the entry is from before CONNECT, which wants no keep-alive
    }
    if (now_ < *deadline) {
        add_deadline(*connection);
        return;
    }
    if (connection->closing) {
        finish(*connection);
        return;
    }
    const bool connected = connection->protocol.state() == Protocol::State::connected;
    if (holding_ || (connected && !connection->writing && has_unread(*connection))) {
        connection->last_packet = now_;  // while foz itself does not read, nobody is silent
        add_deadline(*connection);
        return;
    }
    connection->protocol.close(why_overdue(*connection), connection->output);
    after_input(*connection);
}

}  // namespace foz::broker
