// SPDX-License-Identifier: Apache-2.0
#include "broker/connection.h"

#include <cerrno>

#include <sys/socket.h>

namespace foz::broker {
namespace {

bool passes(int error_number) {
    return error_number == EAGAIN || error_number == EINTR;
}

}  // namespace

ReadResult read_some(Connection& connection, std::span<char> into) {
    const ssize_t count =
        ::recv(connection.socket.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    if (count > 0) {
        return {.outcome = IoOutcome::done, .size = static_cast<std::size_t>(count)};
    }
    if (count < 0 && passes(errno)) {
        return {.outcome = IoOutcome::would_block, .size = 0};
    }
    return {.outcome = IoOutcome::closed, .size = 0};
}

IoOutcome write_some(Connection& connection) {
    std::string& output = connection.output;
    const ssize_t count = ::send(
        connection.socket.native_handle(), output.data(), output.size(), MSG_DONTWAIT | MSG_NOSIGNAL
    );
    if (count < 0 && !passes(errno)) {
        return IoOutcome::closed;
    }
    if (count > 0 && static_cast<std::size_t>(count) == output.size()) {
        output.clear();
        return IoOutcome::done;
    }
    output.erase(0, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return IoOutcome::would_block;
}

}  // namespace foz::broker
