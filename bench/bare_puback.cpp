// SPDX-License-Identifier: Apache-2.0
// Baseline: a server that answers CONNECT and PUBLISH and does nothing else. What MQTT over epoll
// can cost at the least; nothing is stored, nothing is checked. bare_puback PORT THREADS [COUNT];
// port 0: any. Prints the port. With COUNT it also prints "connected" for each CONNECT, and, as
// "received SECONDS", the monotonic time at which it had so many messages.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

bool counting = false;
std::atomic<std::int64_t> missing = 0;  // messages until COUNT

void say(const char* line) {
    std::puts(line);
    std::fflush(stdout);
}

struct Connection {
    int socket = -1;
    std::string partial;
};

void require(bool good, const char* what) {
    if (!good) {
        std::perror(what);
        std::exit(1);
    }
}

int listen_on(std::uint16_t port) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    require(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
    require(listen(listener, 4096) == 0, "listen");
    return listener;
}

std::uint16_t port_of(int listener) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    require(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0,
            "getsockname");
    return ntohs(address.sin_port);
}

/// The size of the packet's fixed header and body; 0: not whole yet.
std::size_t packet_size(const unsigned char* bytes, std::size_t size, std::size_t& header) {
    std::size_t remaining = 0;
    for (std::size_t at = 1; at < size && at < 5; ++at) {
        remaining |= static_cast<std::size_t>(bytes[at] & 0x7F) << (7 * (at - 1));
        if ((bytes[at] & 0x80) == 0) {
            header = at + 1;
            return header + remaining <= size ? header + remaining : 0;
        }
    }
    return 0;
}

void note_messages(std::int64_t count) {
    if (!counting || count == 0) {
        return;
    }
    const std::int64_t before = missing.fetch_sub(count);
    if (before > 0 && before <= count) {
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        say(("received " + std::to_string(std::chrono::duration<double>(now).count())).c_str());
    }
}

/// Returns how many messages the packet is.
std::int64_t answer(const unsigned char* packet, std::size_t header, std::string& out) {
    switch (packet[0] >> 4) {
        case 1:
            out.append("\x20\x02\x00\x00", 4);  // MQTT 3.1.1 only
            if (counting) {
                say("connected");
            }
            return 0;
        case 3:
            if ((packet[0] & 6) != 0) {
                const std::size_t topic =
                        static_cast<std::size_t>(packet[header] << 8 | packet[header + 1]);
                out.append("\x40\x02", 2);
                out.append(reinterpret_cast<const char*>(packet + header + 2 + topic), 2);
            }
            return 1;
        case 12: out.append("\xD0\x00", 2); return 0;
        default: return 0;
    }
}

/// False: the connection ended.
bool serve(Connection& connection, std::vector<unsigned char>& buffer, std::string& out) {
    const std::size_t kept = connection.partial.size();
    std::memcpy(buffer.data(), connection.partial.data(), kept);
    const ssize_t got = recv(connection.socket, buffer.data() + kept, 65536, 0);
    if (got <= 0) {
        return false;
    }
    const std::size_t size = kept + static_cast<std::size_t>(got);
    out.clear();
    std::size_t at = 0;
    std::size_t header = 0;
    std::int64_t messages = 0;
    while (const std::size_t packet = packet_size(buffer.data() + at, size - at, header)) {
        messages += answer(buffer.data() + at, header, out);
        at += packet;
    }
    note_messages(messages);
    connection.partial.assign(reinterpret_cast<char*>(buffer.data()) + at, size - at);
    return out.empty() || send(connection.socket, out.data(), out.size(), MSG_NOSIGNAL) > 0;
}

void accept_all(int listener, int epoll) {
    for (;;) {
        const int accepted = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (accepted < 0) {
            return;
        }
        const int one = 1;
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = new Connection{accepted, {}};
        epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &event);
    }
}

void run(std::uint16_t port) {
    const int listener = listen_on(port);
    const int epoll = epoll_create1(0);
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    std::vector<unsigned char> buffer(1 << 20);
    std::string out;
    std::array<epoll_event, 256> events{};
    for (;;) {
        const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
        for (int at = 0; at < count; ++at) {
            auto* const connection =
                    static_cast<Connection*>(events[static_cast<std::size_t>(at)].data.ptr);
            if (connection == nullptr) {
                accept_all(listener, epoll);
            } else if (!serve(*connection, buffer, out)) {
                close(connection->socket);
                delete connection;
            }
        }
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3 && count != 4) {
        std::fprintf(stderr, "usage: bare_puback PORT THREADS [COUNT]\n");
        return 2;
    }
    counting = count == 4;
    missing = counting ? std::atoll(arguments[3]) : 0;
    auto port = static_cast<std::uint16_t>(std::atoi(arguments[1]));
    const int reserved = listen_on(port);
    port = port_of(reserved);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < std::atoi(arguments[2]); ++thread) {
        threads.emplace_back([port] { run(port); });
    }
    close(reserved);
    say(std::to_string(port).c_str());
    for (std::thread& thread : threads) {
        thread.join();
    }
}
