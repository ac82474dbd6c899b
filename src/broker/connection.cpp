// SPDX-License-Identifier: Apache-2.0
#include "broker/connection.h"

#include <cerrno>

#include <sys/socket.h>

namespace foz::broker {
namespace {

// A handshake or a burst of acknowledgements leaves no memory behind.
constexpr std::size_t kCapacityKept = 512;

bool passes(int error_number) {
    return error_number == EAGAIN || error_number == EINTR;
}

}  // namespace

ReadResult read_some(Connection& connection, ReadBuffers& buffers, std::size_t offset) {
    const std::span<char> plain = buffers.plain().subspan(offset);
    const std::span<char> into =
            connection.tls ? buffers.sealed() : plain.first(ReadBuffers::kReadBytes);
    const ssize_t count =
            ::recv(connection.socket.number(), into.data(), into.size(), MSG_DONTWAIT);
    if (count < 0 && passes(errno)) {
        return {.outcome = IoOutcome::would_block, .size = 0};
    }
    if (count <= 0) {
        return {.outcome = IoOutcome::closed, .size = 0};
    }
    const auto size = static_cast<std::size_t>(count);
    if (!connection.tls) {
        return {.outcome = IoOutcome::done, .size = size};
    }
    const tls::Received received =
            connection.tls->receive({into.data(), size}, plain, connection.sealed);
    const bool goes_on = received.state == tls::StreamState::handshake ||
                         received.state == tls::StreamState::open;
    return {.outcome = goes_on ? IoOutcome::done : IoOutcome::closed, .size = received.size};
}

IoOutcome write_some(Connection& connection) {
    if (connection.tls && !connection.output.empty()) {
        // Before the handshake is over, there is nobody to say anything to.
        if (connection.tls->state() == tls::StreamState::open &&
                !connection.tls->send(connection.output, connection.sealed)) {
            return IoOutcome::closed;
        }
        connection.output.clear();
    }
    std::string& output = connection.tls ? connection.sealed : connection.output;
    if (output.empty()) {
        return IoOutcome::done;
    }
    const ssize_t count = ::send(
            connection.socket.number(), output.data(), output.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && !passes(errno)) {
        return IoOutcome::closed;
    }
    if (count > 0 && static_cast<std::size_t>(count) == output.size()) {
        if (output.capacity() > kCapacityKept) {
            std::string().swap(output);
        }
        output.clear();
        return IoOutcome::done;
    }
    output.erase(0, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return IoOutcome::would_block;
}

bool is_output_full(const Connection& connection, std::size_t message_bytes_max) {
    return output_bytes(connection) >=
           kAnswerBytesMax + (connection.protocol.is_subscriber() ? message_bytes_max : 0);
}

bool has_unread(const Connection& connection) {
    char first = 0;
    return ::recv(connection.socket.number(), &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

Protocol::Ending why_overdue(const Connection& connection) {
    using mqtt::ReasonCode;
    switch (connection.protocol.state()) {
        case Protocol::State::connected:
            return {.reason = ReasonCode::keep_alive_timeout,
                .cause = "[MQTT-3.1.2-22] nothing was heard for one and a half times the "
                         "keep-alive"};
        case Protocol::State::awaiting_session:
            return {.reason = ReasonCode::server_busy,
                .cause = connection.admittance == Connection::Admittance::checking_password
                                 ? kPasswordLate
                                 : "the connection that has its client id did not end within "
                                   "limits.connect_timeout"};
        case Protocol::State::awaiting_connect:
        case Protocol::State::closed: break;
    }
    return {.reason = ReasonCode::unspecified_error,
        .cause = "no complete CONNECT within limits.connect_timeout"};
}

bool has_hung_up(const Connection& connection) {
    char first = 0;
    const ssize_t count = ::recv(connection.socket.number(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
    return count == 0 || (count < 0 && !passes(errno));
}

}  // namespace foz::broker
