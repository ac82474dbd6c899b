// SPDX-License-Identifier: Apache-2.0
#include "broker/listener.h"

#include <cerrno>
#include <chrono>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "broker/reactor.h"

namespace foz::broker {

namespace asio = boost::asio;
using asio::ip::tcp;

struct Listener::State {
    State(std::string from_name, const AccessPolicy& from_door, ReactorContext& from_context)
        : name(std::move(from_name)),
          policy(from_door),
          context(from_context),
          acceptor(io),
          pause(io) {}

    void wait() {
        acceptor.async_wait(
                tcp::acceptor::wait_read, [this](const boost::system::error_code& error) {
                    if (!error) {
                        accept_all();
                    }
                });
    }

    void accept_all() {
        for (int i = 0; i < kAcceptsAtOnce; ++i) {
            const int socket = ::accept4(
                    acceptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (socket < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
                wait_for_descriptors(errno);
                return;
            }
            if (socket < 0) {
                break;
            }
            take(socket);
        }
        wait();
    }

    void take(int socket) {
        BrokerCounters& counters = context.counters;
        counters.connections_total.fetch_add(1, std::memory_order_relaxed);
        if (counters.connections.load(std::memory_order_relaxed) >=
                context.settings.limits.connections) {
            counters.connections_refused.fetch_add(1, std::memory_order_relaxed);
            ::close(socket);
            say_that_it_is_full();
            return;
        }
        counters.connections.fetch_add(1, std::memory_order_relaxed);
        context.reactors[next_reactor++ % context.reactors.size()]->adopt(socket, policy);
    }

    void say_that_it_is_full() {
        if (const auto held_back = full_throttle.pass(context.clock.steady_now())) {
            spdlog::warn(
                    "listener {}: refusing connections: limits.connections = {} is reached ({} "
                    "more refused since the last such line); raise it, or look who connects so "
                    "often",
                    name, context.settings.limits.connections, *held_back);
        }
    }

    void wait_for_descriptors(int error_number) {
        if (descriptors_throttle.pass(context.clock.steady_now())) {
            spdlog::warn(
                    "listener {}: cannot accept for the moment: {}; raise the limit of open files "
                    "(LimitNOFILE=)",
                    name, errno_message(error_number));
        }
        pause.expires_after(std::chrono::milliseconds(100));
        pause.async_wait([this](const boost::system::error_code& error) {
            if (!error) {
                wait();
            }
        });
    }

    static constexpr int kAcceptsAtOnce = 64;

    const std::string name;
    const AccessPolicy& policy;
    std::string address;
    std::uint16_t port = 0;
    ReactorContext& context;
    asio::io_context io{1};
    tcp::acceptor acceptor;
    asio::steady_timer pause;
    LogThrottle full_throttle;
    LogThrottle descriptors_throttle;
    std::size_t next_reactor = 0;
    std::thread thread;
};

namespace {

std::string hint_for(const boost::system::error_code& error) {
    if (error == asio::error::address_in_use) {
        return "; another program, perhaps Mosquitto or another foz, listens there: stop it or "
               "choose another port";
    }
    if (error == asio::error::access_denied) {
        return "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
    }
    if (error.value() == EADDRNOTAVAIL) {
        return "; this machine has no such address";
    }
    return "";
}

Result<tcp::endpoint> resolve(asio::io_context& io, const std::string& address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos) {
        return fail(ErrorCode::invalid, "address \"{}\" has no port; write host:port", address);
    }
    std::string host = address.substr(0, colon);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    boost::system::error_code error;
    tcp::resolver resolver(io);
    const auto found = resolver.resolve(host, address.substr(colon + 1),
            tcp::resolver::passive | tcp::resolver::numeric_service, error);
    if (error || found.empty()) {
        return fail(ErrorCode::invalid, "cannot resolve the address \"{}\": {}", address,
                error.message());
    }
    return found.begin()->endpoint();
}

}  // namespace

Listener::Listener(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Listener>> Listener::open(
        const config::Listener& settings, const AccessPolicy& policy, ReactorContext& context) {
    auto state = std::make_unique<State>(settings.name, policy, context);
    const auto endpoint = resolve(state->io, settings.address);
    if (!endpoint) {
        return std::unexpected(endpoint.error());
    }
    boost::system::error_code error;
    tcp::acceptor& acceptor = state->acceptor;
    acceptor.open(endpoint->protocol(), error);
    if (!error) {
        acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error) {
        acceptor.bind(*endpoint, error);
    }
    if (!error) {
        acceptor.listen(4096, error);
    }
    if (!error) {
        acceptor.native_non_blocking(true, error);
    }
    if (error) {
        return fail(ErrorCode::unavailable, "listener {}: cannot listen on {}: {}{}", settings.name,
                settings.address, error.message(), hint_for(error));
    }
    const tcp::endpoint bound = acceptor.local_endpoint(error);
    state->port = bound.port();
    state->address = settings.address.substr(0, settings.address.rfind(':') + 1) +
                     std::to_string(bound.port());
    State* const running = state.get();
    running->thread = std::thread([running] {
        set_thread_name("listener");
        running->wait();
        running->io.run();
    });
    return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Listener::~Listener() {
    state_->io.stop();
    state_->thread.join();
}

const std::string& Listener::name() const {
    return state_->name;
}
const std::string& Listener::address() const {
    return state_->address;
}
std::uint16_t Listener::port() const {
    return state_->port;
}

}  // namespace foz::broker
