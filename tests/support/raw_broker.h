// SPDX-License-Identifier: Apache-2.0
// The broker's side of one connection, played by a test byte by byte: for what no real broker does
// on command.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "mqtt/encoder.h"
#include "mqtt/frame.h"

namespace foz::support {

class RawBroker {
  public:
    RawBroker() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
                ::listen(listener_, 8) != 0 ||
                ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
            throw std::runtime_error("cannot listen");
        }
        port_ = ntohs(address.sin_port);
    }
    RawBroker(const RawBroker&) = delete;
    RawBroker& operator=(const RawBroker&) = delete;
    ~RawBroker() {
        hang_up();
        ::close(listener_);
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }

    /// Waits for a client, takes its CONNECT and SUBSCRIBE (if it sends one), and answers them.
    void welcome(bool session_present, bool subscribes = true) {
        hang_up();
        wait_readable(listener_);
        socket_ = ::accept(listener_, nullptr, nullptr);
        constexpr timeval kTimeout{.tv_sec = 10, .tv_usec = 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &kTimeout, sizeof kTimeout);
        expect(mqtt::PacketType::connect);
        std::string out;
        mqtt::append_connack(out, {.session_present = session_present}, kVersion);
        send(out);
        if (subscribes) {
            const std::string subscribe = expect(mqtt::PacketType::subscribe);
            const auto id = load_big<std::uint16_t>(subscribe.data());
            out.clear();
            mqtt::append_suback(out,
                    {.packet_id = id,
                        .reasons = {mqtt::ReasonCode::granted_qos_2},
                        .properties = {}},
                    kVersion);
            send(out);
        }
    }

    void publish(std::uint8_t qos, std::uint16_t packet_id, std::string_view payload) {
        publish({.topic = "t", .payload = payload, .packet_id = packet_id, .qos = qos});
    }
    void publish(const mqtt::Publish& message) {
        std::string out;
        mqtt::append_publish(out, message, kVersion);
        send(out);
    }
    void release(std::uint16_t packet_id) { acknowledge(mqtt::PacketType::pubrel, packet_id); }
    void acknowledge(mqtt::PacketType type, std::uint16_t packet_id) {
        std::string out;
        mqtt::append_acknowledgement(out, type, packet_id);
        send(out);
    }
    void send(std::string_view bytes) const {
        if (::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
                static_cast<ssize_t>(bytes.size())) {
            throw std::runtime_error("cannot send");
        }
    }

    struct Packet {
        mqtt::PacketType type = mqtt::PacketType::connect;
        std::uint8_t flags = 0;
        std::string body;
    };
    /// Waits for the next packet; none: foz has closed the connection.
    std::optional<Packet> next() {
        for (;;) {
            const auto frame = mqtt::read_frame(input_, kVersion).value_or(std::nullopt);
            if (frame) {
                Packet packet{frame->type, frame->flags, std::string(frame->body)};
                input_.erase(0, frame->size);
                return packet;
            }
            wait_readable(socket_);
            char buffer[4096];
            const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
            if (count <= 0) {
                return std::nullopt;
            }
            input_.append(buffer, static_cast<std::size_t>(count));
        }
    }
    /// The next packet must be of this type; its body.
    std::string expect(mqtt::PacketType type) {
        auto packet = next();
        if (!packet) {
            throw std::runtime_error("foz closed the connection");
        }
        if (packet->type != type) {
            throw std::runtime_error("expected " + std::string(mqtt::packet_name(type)) + ", got " +
                                     std::string(mqtt::packet_name(packet->type)));
        }
        return std::move(packet->body);
    }
    /// The packet id of an acknowledgement.
    std::uint16_t expect_id(mqtt::PacketType type) {
        return load_big<std::uint16_t>(expect(type).data());
    }
    /// Whether nothing comes for that long.
    [[nodiscard]] bool is_silent(std::chrono::milliseconds time) const {
        pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
        return input_.empty() && ::poll(&waiting, 1, static_cast<int>(time.count())) == 0;
    }

    void hang_up() {
        if (socket_ >= 0) {
            ::close(socket_);
            socket_ = -1;
        }
        input_.clear();
    }

  private:
    static constexpr mqtt::ProtocolVersion kVersion = mqtt::ProtocolVersion::v3_1_1;

    static void wait_readable(int descriptor) {
        pollfd waiting{.fd = descriptor, .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, 10'000) != 1) {
            throw std::runtime_error("nothing came within 10 s");
        }
    }

    int listener_;
    int socket_ = -1;
    std::uint16_t port_ = 0;
    std::string input_;
};

}  // namespace foz::support
