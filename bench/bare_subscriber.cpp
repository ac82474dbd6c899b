// SPDX-License-Identifier: Apache-2.0
// Baseline: a subscriber that acknowledges (QoS 1) and does nothing else, to see the most that a
// broker can deliver. bare_subscriber PORT TOPIC COUNT; prints "ready" when it is subscribed and
// the monotonic time in seconds of the last of COUNT messages.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mqtt/decoder.h"
#include "mqtt/encoder.h"
#include "mqtt/frame.h"

namespace {

using namespace foz;
constexpr auto kVersion = mqtt::ProtocolVersion::v5;

void require(bool good, const char* what) {
    if (!good) {
        std::perror(what);
        std::exit(1);
    }
}

int connect_to(std::uint16_t port) {
    const int connection = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    require(connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
            "connect");
    const int one = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return connection;
}

std::string hello(std::string_view topic) {
    std::string bytes;
    mqtt::PropertyWriter properties;
    properties.add(mqtt::PropertyId::receive_maximum, 65'535);
    mqtt::Connect connect;
    connect.version = kVersion;
    connect.client_id = "bare-subscriber";
    connect.properties = properties.properties();
    mqtt::append_connect(bytes, connect);
    mqtt::Subscribe subscribe;
    subscribe.packet_id = 1;
    subscribe.subscriptions.push_back({.filter = topic, .qos = 1});
    mqtt::append_subscribe(bytes, subscribe, kVersion);
    return bytes;
}

void send_all(int connection, const std::string& bytes) {
    require(bytes.empty() || send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                                     static_cast<ssize_t>(bytes.size()),
            "send");
}

/// Takes the whole packets of `input`, appends PUBACKs, and returns the number of messages.
std::uint64_t take(std::string& input, std::string& acknowledgements) {
    std::uint64_t count = 0;
    std::size_t taken = 0;
    while (true) {
        const auto frame = mqtt::read_frame(std::string_view(input).substr(taken), kVersion);
        require(frame.has_value(), "a malformed packet");
        if (!*frame) {
            break;
        }
        taken += (*frame)->size;
        if ((*frame)->type == mqtt::PacketType::suback) {
            std::puts("ready");
            std::fflush(stdout);
        } else if ((*frame)->type == mqtt::PacketType::publish) {
            const auto publish = mqtt::decode_publish(
                    **frame, {.version = kVersion, .sender = mqtt::Sender::server, .limits = {}});
            require(publish.has_value(), "a malformed PUBLISH");
            if (publish->qos == 1) {
                mqtt::append_acknowledgement(
                        acknowledgements, mqtt::PacketType::puback, publish->packet_id);
            }
            ++count;
        }
    }
    input.erase(0, taken);
    return count;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) {
        std::fprintf(stderr, "usage: bare_subscriber PORT TOPIC COUNT\n");
        return 2;
    }
    const int connection = connect_to(static_cast<std::uint16_t>(std::atoi(arguments[1])));
    send_all(connection, hello(arguments[2]));
    const std::uint64_t wanted = std::strtoull(arguments[3], nullptr, 10);
    std::uint64_t received = 0;
    std::string input;
    std::string acknowledgements;
    std::vector<char> buffer(64 << 10);
    while (received < wanted) {
        const ssize_t size = recv(connection, buffer.data(), buffer.size(), 0);
        require(size > 0, "recv");
        input.append(buffer.data(), static_cast<std::size_t>(size));
        received += take(input, acknowledgements);
        send_all(connection, acknowledgements);
        acknowledgements.clear();
    }
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    std::printf("%.6f\n", std::chrono::duration<double>(now).count());
    close(connection);
}
