// SPDX-License-Identifier: Apache-2.0
// The part of Reactor that deals with single connections: opening, reading, writing, deadlines,
// closing.
#include <algorithm>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/reactor.h"

namespace foz::broker {

namespace asio = boost::asio;

void Reactor::open(int socket) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    (void)::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
    const int yes = 1;
    (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    boost::system::error_code error;
    asio::ip::tcp::socket stream(io_);
    stream.assign(
        address.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), socket, error
    );
    if (error || drain_deadline_) {
        if (error) {
            ::close(socket);
        }
        context_.counters.connections.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    if (free_slots_.empty()) {
        free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    const std::uint32_t number = free_slots_.back();
    free_slots_.pop_back();
    Slot& slot = slots_[number];
    const ConnectionHandle handle{.reactor = index_, .slot = number, .generation = slot.generation};
    slot.connection =
        std::make_unique<Connection>(std::move(stream), context_.settings, handle, now_);
    unidentified_.push_back(handle);
    ++unidentified_count_;
    evict_unidentified();
    add_deadline(*slot.connection);
    wait_readable(*slot.connection);
}

// Keeps the number of connections that have not said who they are within its limit, by closing the
// oldest: silent ones cannot keep others out.
void Reactor::evict_unidentified() {
    const config::Limits& limits = context_.settings.limits;
    const auto share = std::max<std::uint32_t>(
        1, limits.connections_unidentified / static_cast<std::uint32_t>(context_.reactors.size())
    );
    const auto is_gone = [this](ConnectionHandle handle) {
        const Connection* connection = find(handle);
        return connection == nullptr || connection->protocol.state() == Protocol::State::connected;
    };
    while (!unidentified_.empty() && (unidentified_count_ > share || is_gone(unidentified_.front()))
    ) {
        const ConnectionHandle oldest = unidentified_.front();
        unidentified_.pop_front();
        if (!is_gone(oldest)) {
            context_.counters.connections_refused.fetch_add(1, std::memory_order_relaxed);
            finish(*find(oldest));
        }
    }
}

Connection* Reactor::find(ConnectionHandle handle) {
    if (handle.slot >= slots_.size()) {
        return nullptr;
    }
    Slot& slot = slots_[handle.slot];
    return slot.generation == handle.generation ? slot.connection.get() : nullptr;
}

void Reactor::wait_readable(Connection& connection) {
    if (connection.reading || connection.closing || drain_deadline_) {
        return;
    }
    connection.reading = true;
    connection.socket.async_wait(
        asio::ip::tcp::socket::wait_read,
        [this, handle = connection.self](const boost::system::error_code& error) {
            Connection* readable = error ? nullptr : find(handle);
            if (readable == nullptr) {
                return;
            }
            readable->reading = false;
            if (holding_) {
                reads_held_.push_back(handle);
            } else {
                on_readable(*readable);
            }
        }
    );
}

void Reactor::on_readable(Connection& connection) {
    if (connection.closing || connection.writing || drain_deadline_ ||
        !connection.protocol.may_take()) {
        return;  // send() and take_input() wait for readability again
    }
    // A short incomplete packet moves to the front of the read buffer; a long one is added to where
    // it is.
    const std::size_t kept = connection.input.size();
    if (kept <= kReadBytes) {
        std::copy_n(connection.input.data(), kept, read_buffer_.data());
    }
    const std::size_t offset = kept <= kReadBytes ? kept : 0;
    const ReadResult read =
        read_some(connection, std::span(read_buffer_).subspan(offset, kReadBytes));
    if (read.outcome == IoOutcome::closed) {
        finish(connection);
        return;
    }
    if (read.outcome == IoOutcome::would_block) {
        wait_readable(connection);
        return;
    }
    if (kept <= kReadBytes) {
        take_input(connection, {read_buffer_.data(), kept + read.size});
    } else {
        connection.input.append(read_buffer_.data(), read.size);
        if (connection.input.size() < mqtt::packet_size(connection.input)) {
            count_memory(connection);
            wait_readable(connection);
            return;
        }
        const std::string whole = std::exchange(connection.input, {});
        take_input(connection, whole);
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
    switch (connection.protocol.state()) {
        case Protocol::State::closed:
            if (!connection.closing) {
                connection.closing = true;
                log_closed(connection);
            }
            touch(connection);
            return;
        case Protocol::State::awaiting_session:
            if (!connection.claimed) {
                claim(connection);
            }
            return;
        case Protocol::State::awaiting_connect:
        case Protocol::State::connected: break;
    }
    if (!connection.output.empty()) {
        touch(connection);
    }
    count_memory(connection);
    if (!connection.closing && !connection.writing && connection.protocol.may_take()) {
        wait_readable(connection);
    }
}

void Reactor::count_memory(Connection& connection) {
    // What fits into std::string itself is part of the connection.
    const auto bytes_of = [](const std::string& text) {
        return text.capacity() > std::string().capacity() ? text.capacity() : 0;
    };
    const std::size_t bytes = bytes_of(connection.input) + bytes_of(connection.output);
    if (bytes == connection.memory_counted) {
        return;
    }
    const std::uint64_t total =
        context_.connection_memory.fetch_add(bytes - connection.memory_counted) +
        (bytes - connection.memory_counted);
    const bool grew = bytes > connection.memory_counted;
    connection.memory_counted = bytes;
    if (grew && total > context_.settings.limits.connection_memory_bytes) {
        connection.protocol.close(
            mqtt::ReasonCode::quota_exceeded,
            "limits.connection_memory_bytes is reached",
            connection.output
        );
        connection.closing = true;
        log_closed(connection);
        touch(connection);
    }
}

void Reactor::claim(Connection& connection) {
    connection.claimed = true;
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
    connection.protocol.start_session(context_.registry, inbox_, connection.output);
    --unidentified_count_;
    connection.last_packet = now_;
    add_deadline(connection);
    // The client may have sent more without waiting for CONNACK [MQTT-3.1.4-6].
    const std::string early = std::exchange(connection.input, {});
    take_input(connection, early);
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
    if (!connection.output.empty()) {
        const IoOutcome outcome = write_some(connection);
        if (outcome == IoOutcome::closed) {
            finish(connection);
            return;
        }
        if (outcome == IoOutcome::would_block) {
            // A peer that does not read its acknowledgements is not read from either.
            connection.writing = true;
            connection.socket.async_wait(
                asio::ip::tcp::socket::wait_write,
                [this, handle = connection.self](const boost::system::error_code& error) {
                    Connection* writable = error ? nullptr : find(handle);
                    if (writable != nullptr) {
                        writable->writing = false;
                        touch(*writable);
                    }
                }
            );
            return;
        }
    }
    if (connection.closing) {
        finish(connection);
        return;
    }
    if (!connection.input.empty() && connection.protocol.may_take() && !holding_ &&
        connection.protocol.state() == Protocol::State::connected) {
        const std::string kept = std::exchange(connection.input, {});
        take_input(connection, kept);
        return;
    }
    count_memory(connection);
    wait_readable(connection);
}

void Reactor::finish(Connection& connection) {
    const ConnectionHandle handle = connection.self;
    Protocol& protocol = connection.protocol;
    if (protocol.state() != Protocol::State::connected && !connection.claimed) {
        --unidentified_count_;
    }
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
    context_.counters.connections.fetch_sub(1, std::memory_order_relaxed);
    Slot& slot = slots_[handle.slot];
    slot.connection.reset();
    ++slot.generation;
    free_slots_.push_back(handle.slot);
}

void Reactor::add_deadline(Connection& connection) {
    SteadyTime deadline = connection.accepted + context_.settings.limits.connect_timeout;
    if (connection.protocol.state() == Protocol::State::connected) {
        const auto silence_max = std::chrono::seconds(connection.protocol.silence_max_seconds());
        if (silence_max.count() == 0) {
            return;
        }
        deadline = connection.last_packet + silence_max;
    }
    connection.next_check = std::min(deadline, now_ + DeadlineWheel::kHorizon);
    deadlines_.add(connection.self, connection.next_check);
}

void Reactor::check_deadline(ConnectionHandle handle) {
    Connection* connection = find(handle);
    if (connection == nullptr || now_ < connection->next_check || connection->closing) {
        return;  // gone, or an entry that a later one has replaced
    }
    const bool connected = connection->protocol.state() == Protocol::State::connected;
    const auto silence_max = std::chrono::seconds(connection->protocol.silence_max_seconds());
    const SteadyTime deadline =
        connected ? connection->last_packet + silence_max
                  : connection->accepted + context_.settings.limits.connect_timeout;
    if (now_ < deadline || holding_) {
        add_deadline(*connection);  // while foz itself does not read, nobody is silent
        return;
    }
    connection->protocol.close(
        connected ? mqtt::ReasonCode::keep_alive_timeout : mqtt::ReasonCode::unspecified_error,
        connected ? "[MQTT-3.1.2-22] nothing was heard for one and a half times the keep-alive"
                  : "no complete CONNECT within limits.connect_timeout",
        connection->output
    );
    after_input(*connection);
}

void Reactor::log_closed(const Connection& connection) {
    const std::string& reason = connection.protocol.close_reason();
    if (reason.empty()) {
        return;
    }
    context_.counters.protocol_errors.fetch_add(1, std::memory_order_relaxed);
    const auto held_back = closed_throttle_.pass(now_);
    if (!held_back) {
        return;
    }
    boost::system::error_code error;
    const auto peer = connection.socket.remote_endpoint(error);
    const std::string& client_id = connection.protocol.client_id();
    spdlog::warn(
        "closed {} ({}): {}{}",
        error ? std::string("a connection") : peer.address().to_string(),
        client_id.empty() ? "no client id yet" : fmt::format("client {:?}", client_id),
        reason,
        *held_back == 0 ? std::string() : fmt::format("; and {} more like it", *held_back)
    );
}

}  // namespace foz::broker
