// SPDX-License-Identifier: Apache-2.0
#include "sensor/wire.h"

#include <algorithm>
#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace foz::sensor {

Result<Wire> Wire::open(const WireEnd& end, std::uint32_t attempt) {
    const SocketAddress& to = end.addresses[attempt % end.addresses.size()];
    Wire wire;
    wire.socket_ =
            Descriptor(socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!wire.is_open()) {
        return fail(ErrorCode::io, "cannot open a socket: {}", errno_message(errno));
    }
    const int one = 1;
    setsockopt(wire.descriptor(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const auto* const address = reinterpret_cast<const sockaddr*>(&to.storage);
    if (connect(wire.descriptor(), address, to.size) != 0 && errno != EINPROGRESS) {
        return fail(ErrorCode::io, "cannot connect to the broker: {}", errno_message(errno));
    }
    return wire;
}

Result<tls::Waiting> Wire::finish_opening(const WireEnd& end) {
    if (!tls_) {
        int failed = 0;
        socklen_t size = sizeof failed;
        getsockopt(descriptor(), SOL_SOCKET, SO_ERROR, &failed, &size);
        if (failed != 0) {
            return fail(ErrorCode::unavailable, "cannot connect: {}", errno_message(failed));
        }
        if (end.tls == nullptr) {
            return tls::Waiting::nothing;
        }
        auto begun = tls::ClientSocket::create(*end.tls, descriptor(), end.host);
        if (!begun) {
            return pass_on(begun);
        }
        tls_ = *std::move(begun);
    }
    return tls_->shake_hands();
}

Result<std::size_t> Wire::read(std::span<char> to) {
    if (tls_) {
        return tls_->read(to);
    }
    const ssize_t size = recv(descriptor(), to.data(), to.size(), 0);
    if (size > 0) {
        return static_cast<std::size_t>(size);
    }
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    return fail(ErrorCode::unavailable, "{}",
            size == 0 ? "closed by the broker" : errno_message(errno));
}

std::size_t Wire::write(std::string_view bytes) {
    if (tls_) {
        return tls_->write(bytes);
    }
    const ssize_t size = send(descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return static_cast<std::size_t>(std::max<ssize_t>(size, 0));
}

}  // namespace foz::sensor
