// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tcp_proxy.h"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/loopback.h"

namespace foz::support {
namespace {

bool send_all(int to, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

// A pair of sockets, closed when both directions have ended.
struct Link {
    Link(std::size_t place, int client_socket, int server_socket)
        : number(place), client(client_socket), server(server_socket) {}
    ~Link() {
        ::close(client);
        ::close(server);
    }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    void cut() const {
        ::shutdown(client, SHUT_RDWR);
        ::shutdown(server, SHUT_RDWR);
    }
    const std::size_t number;
    const int client;
    const int server;
    // Some of its bytes got lost, so none that come after them may get through: a shut socket still
    // gives what it has in its buffer. Guarded by the proxy's mutex.
    bool broken = false;
};

// When a connection is to be cut.
struct Truncation {
    Side from = Side::client;
    std::size_t bytes_left = 0;
};

}  // namespace

struct TcpProxy::State {
    std::uint16_t target_port = 0;
    std::uint16_t port = 0;
    int listener = -1;

    std::mutex mutex;  // guards all below
    std::condition_variable changed;
    std::condition_variable ended;
    bool stopping = false;
    bool refusing = false;
    bool holding = false;
    bool swallowing = false;
    std::chrono::milliseconds lateness{0};
    std::string cut_bytes;
    CutWhen cut_when = CutWhen::before_forwarding;
    std::optional<Truncation> truncation;
    Witness witness;
    Change change;
    std::size_t cuts = 0;
    std::size_t accepted = 0;
    std::list<std::weak_ptr<Link>> links;
    std::size_t threads = 0;

    void start_thread(const auto& run, const std::shared_ptr<State>& self) {
        {
            const std::lock_guard lock(mutex);
            ++threads;
        }
        std::thread([self, run] {
            run();
            const std::lock_guard lock(self->mutex);
            --self->threads;
            self->ended.notify_all();
        }).detach();
    }

    /// Waits while the proxy is a black hole, and for the delay. False when the proxy ends.
    bool let_pass() {
        std::unique_lock lock(mutex);
        if (lateness.count() > 0) {
            changed.wait_for(lock, lateness, [&] { return stopping; });
        }
        changed.wait(lock, [&] { return stopping || !holding; });
        return !stopping;
    }

    /// Whether the bytes waited for end in the last `fresh` bytes of `seen`; if so they are waited
    /// for no more.
    bool take_cut(std::string_view seen, std::size_t fresh, CutWhen& when) {
        const std::lock_guard lock(mutex);
        const std::size_t recent = fresh + cut_bytes.size() - 1;
        if (cut_bytes.empty() ||
                !seen.substr(seen.size() - std::min(seen.size(), recent)).contains(cut_bytes)) {
            return false;
        }
        when = cut_when;
        cut_bytes.clear();
        ++cuts;
        holding = holding || when == CutWhen::never;
        return true;
    }

    /// What is to become of bytes that have come.
    struct Passage {
        std::string_view bytes;  // go on to the other side
        bool cut = false;        // and then the connection ends
        Witness seen;
        Change change;
    };
    Passage admit(Link& link, Side from, std::string_view bytes) {
        const std::lock_guard lock(mutex);
        link.broken = link.broken || swallowing;
        if (link.broken) {
            return {};
        }
        Passage passage{.bytes = bytes, .seen = witness, .change = change};
        if (truncation && truncation->from == from) {
            passage.bytes = bytes.substr(0, truncation->bytes_left);
            truncation->bytes_left -= passage.bytes.size();
            passage.cut = truncation->bytes_left == 0;
        }
        if (passage.cut) {
            link.broken = true;
            truncation.reset();
            ++cuts;
        }
        return passage;
    }

    /// Sends on what came from that side, as far as it is to get. False: the other side is gone.
    bool forward(Link& link, Side from, std::string_view bytes) {
        const Passage passage = admit(link, from, bytes);
        if (passage.seen) {
            passage.seen(link.number, from, passage.bytes);
        }
        const int to = from == Side::client ? link.server : link.client;
        bool sent = false;
        if (passage.change) {
            std::string bytes_on(passage.bytes);
            passage.change(from, bytes_on);
            sent = send_all(to, bytes_on);
        } else {
            sent = send_all(to, passage.bytes);
        }
        if (passage.cut) {
            link.cut();
        }
        return sent;
    }

    void forward_from_client(Link& link);
    void forward_from_server(Link& link);
    void accept_all(const std::shared_ptr<State>& self);
};

void TcpProxy::State::forward_from_client(Link& link) {
    std::vector<char> buffer(64 << 10);
    std::string seen;
    while (true) {
        // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection): let_pass() has unlocked
        const ssize_t received = ::recv(link.client, buffer.data(), buffer.size(), 0);
        // The end of a connection waits as its bytes do.
        if (!let_pass() || received <= 0) {
            break;
        }
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(received));
        seen.append(bytes);
        CutWhen when{};
        if (take_cut(seen, bytes.size(), when)) {
            if (when == CutWhen::after_forwarding) {
                // The answer must not get through, and the server must read to the end before it
                // sees the cut.
                ::shutdown(link.client, SHUT_RDWR);
                send_all(link.server, bytes);
                ::shutdown(link.server, SHUT_WR);
                return;
            }
            if (when == CutWhen::before_forwarding) {
                break;
            }
        }
        // As much as could be the beginning of what a test looks for.
        seen.erase(0, seen.size() - std::min<std::size_t>(seen.size(), 256));
        if (!forward(link, Side::client, bytes)) {
            break;
        }
    }
    link.cut();
}

void TcpProxy::State::forward_from_server(Link& link) {
    std::vector<char> buffer(64 << 10);
    bool client_open = true;
    while (true) {
        // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection): let_pass() has unlocked
        const ssize_t received = ::recv(link.server, buffer.data(), buffer.size(), 0);
        // The end of a connection waits as its bytes do.
        if (!let_pass() || received <= 0) {
            break;
        }
        // When the client is gone the server is heard to its end all the same.
        client_open = client_open && forward(link, Side::server,
                                             {buffer.data(), static_cast<std::size_t>(received)});
    }
    link.cut();
}

void TcpProxy::State::accept_all(const std::shared_ptr<State>& self) {
    while (true) {
        const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        std::size_t number = 0;
        {
            const std::lock_guard lock(mutex);
            if (stopping || client < 0) {
                ::close(client);
                return;
            }
            number = ++accepted;
            if (refusing) {
                ::close(client);
                continue;
            }
        }
        const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto link = std::make_shared<Link>(number, client, server);
        const sockaddr_in address = loopback(target_port);
        if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            continue;
        }
        const int on = 1;
        ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        {
            const std::lock_guard lock(mutex);
            std::erase_if(links, [](const auto& one) { return one.expired(); });
            links.push_back(link);
        }
        start_thread([this, link] { forward_from_client(*link); }, self);
        start_thread([this, link] { forward_from_server(*link); }, self);
    }
}

TcpProxy::TcpProxy(std::uint16_t target_port) : state_(std::make_shared<State>()) {
    state_->target_port = target_port;
    state_->listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(state_->listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::listen(state_->listener, 128) != 0 ||
            ::getsockname(state_->listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("the proxy cannot listen on 127.0.0.1");
    }
    state_->port = ntohs(address.sin_port);
    state_->start_thread(
            [state = state_.get(), self = state_] { state->accept_all(self); }, state_);
}

TcpProxy::~TcpProxy() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
        state_->changed.notify_all();
    }
    ::shutdown(state_->listener, SHUT_RDWR);
    cut_all();
    std::unique_lock lock(state_->mutex);
    while (state_->threads > 0) {
        // A connection that was being made while the others were cut is cut in the next round.
        state_->ended.wait_for(lock, std::chrono::milliseconds(20));
        for (const auto& link : state_->links) {
            if (const auto alive = link.lock()) {
                alive->cut();
            }
        }
    }
    ::close(state_->listener);
}

std::uint16_t TcpProxy::port() const {
    return state_->port;
}

void TcpProxy::cut_all() {
    const std::lock_guard lock(state_->mutex);
    for (const auto& link : state_->links) {
        if (const auto alive = link.lock()) {
            alive->broken = true;
            alive->cut();
        }
    }
}

void TcpProxy::refuse(bool on) {
    const std::lock_guard lock(state_->mutex);
    state_->refusing = on;
}

void TcpProxy::black_hole(bool on) {
    const std::lock_guard lock(state_->mutex);
    state_->holding = on;
    state_->changed.notify_all();
}

void TcpProxy::swallow(bool on) {
    const std::lock_guard lock(state_->mutex);
    state_->swallowing = on;
    for (const auto& link : state_->links) {
        if (const auto alive = link.lock(); alive && alive->broken && !on) {
            alive->cut();
        }
    }
}

void TcpProxy::delay(std::chrono::milliseconds delay) {
    const std::lock_guard lock(state_->mutex);
    state_->lateness = delay;
}

void TcpProxy::cut_on(std::string bytes, CutWhen when) {
    const std::lock_guard lock(state_->mutex);
    state_->cut_bytes = std::move(bytes);
    state_->cut_when = when;
}

void TcpProxy::truncate(Side from, std::size_t bytes) {
    const std::lock_guard lock(state_->mutex);
    state_->truncation = {.from = from, .bytes_left = bytes};
}

void TcpProxy::watch(Witness seen) {
    const std::lock_guard lock(state_->mutex);
    state_->witness = std::move(seen);
}

void TcpProxy::change(Change change) {
    const std::lock_guard lock(state_->mutex);
    state_->change = std::move(change);
}

std::size_t TcpProxy::cuts() const {
    const std::lock_guard lock(state_->mutex);
    return state_->cuts;
}

std::size_t TcpProxy::accepted() const {
    const std::lock_guard lock(state_->mutex);
    return state_->accepted;
}

}  // namespace foz::support
