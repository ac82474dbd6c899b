// SPDX-License-Identifier: Apache-2.0
// A TCP client that sends exactly the bytes it is told to: for tests of the broker over real
// sockets.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace foz::broker {

class RawClient {
  public:
    /// `from`: the last number of its own address, 127.0.0.FROM.
    explicit RawClient(std::uint16_t port, std::uint32_t from = 1)
        : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in own{};
        own.sin_family = AF_INET;
        own.sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xFFU) | from);
        if (from != 1 && ::bind(socket_, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0) {
            throw std::runtime_error("cannot bind");
        }
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (socket_ < 0 ||
                ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            throw std::runtime_error("cannot connect");
        }
        // What is sent is there: it waits for no acknowledgement of what was sent before.
        const int yes = 1;
        (void)::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;
    ~RawClient() { ::close(socket_); }

    /// False when the server has closed the connection.
    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) {
                return false;
            }
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }

    /// Exactly `size` bytes, or fewer when the server closes or `limit` passes.
    std::string receive(
            std::size_t size, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
        std::string bytes;
        while (bytes.size() < size) {
            const std::string more = receive_some(size - bytes.size(), limit);
            if (more.empty()) {
                break;
            }
            bytes += more;
        }
        return bytes;
    }

    /// What comes next, up to `size` bytes; "" when the server closes or `limit` passes.
    std::string receive_some(
            std::size_t size = kPiece, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
        char buffer[kPiece];
        if (!readable(limit)) {
            return {};
        }
        const ssize_t count = ::recv(socket_, buffer, std::min(sizeof buffer, size), 0);
        if (count <= 0) {
            closed_ = true;
            return {};
        }
        return {buffer, static_cast<std::size_t>(count)};
    }

    /// Whether the server has closed the connection, as far as it was read.
    [[nodiscard]] bool closed() const { return closed_; }

    /// Everything until the server closes the connection; nothing if it does not within `limit`.
    std::optional<std::string> receive_until_closed(
            std::chrono::milliseconds limit = std::chrono::seconds(10)) {
        std::string bytes;
        while (!closed_) {
            const std::string more = receive(1, limit);
            if (more.empty() && !closed_) {
                return std::nullopt;
            }
            bytes += more;
        }
        return bytes;
    }

  private:
    static constexpr std::size_t kPiece = 4'096;

    bool readable(std::chrono::milliseconds limit) const {
        pollfd descriptor{.fd = socket_, .events = POLLIN, .revents = 0};
        return ::poll(&descriptor, 1, static_cast<int>(limit.count())) > 0;
    }

    int socket_;
    bool closed_ = false;
};

}  // namespace foz::broker
