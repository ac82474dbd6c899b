// SPDX-License-Identifier: Apache-2.0
#include "tests/support/aws_iot_stand_in.h"

#include <array>
#include <future>
#include <thread>
#include <tuple>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>

#include "mqtt/topic.h"
#include "tests/support/aws_iot_broker.h"
#include "tests/support/aws_iot_connection.h"
#include "tests/support/wait_until.h"

namespace foz::support {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kTick{5};

/// One of the two ports.
struct Door {
    Door(asio::io_context& loop, bool with_alpn) : alpn(with_alpn), acceptor(loop) {}

    const bool alpn;
    asio::ssl::context context{asio::ssl::context::tls_server};
    tcp::acceptor acceptor;
    std::uint16_t port = 0;

    void prepare(const TestAuthority& authority, const std::string& certificate,
            const std::string& endpoint) {
        context.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
        context.use_certificate_chain_file(certificate);
        context.use_private_key_file(key_of(certificate), asio::ssl::context::pem);
        context.load_verify_file(authority.ca());
        // With ALPN it depends on the protocol whether there has to be one: known later.
        context.set_verify_mode(
                alpn ? asio::ssl::verify_peer
                     : asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
        refuse_as_aws_iot(context, endpoint, alpn);
    }

    /// The same port again, if it has been open before.
    void open() {
        const tcp::endpoint address(asio::ip::address_v4::loopback(), port);
        acceptor.open(address.protocol());
        acceptor.set_option(tcp::acceptor::reuse_address(true));
        acceptor.bind(address);
        acceptor.listen();
        port = acceptor.local_endpoint().port();
    }
};

}  // namespace

struct AwsIotStandIn::Running {
    explicit Running(AwsIotOptions options)
        : endpoint(options.endpoint), time_stands(options.time_stands), broker(std::move(options)) {
        const std::string certificate = authority.server({endpoint, "localhost"}, {"127.0.0.1"});
        for (Door* door : doors()) {
            door->prepare(authority, certificate, endpoint);
        }
        tick();
        thread = std::thread([this] { loop.run(); });
    }

    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    std::array<Door*, 2> doors() { return {&plain, &with_alpn}; }

    [[nodiscard]] AwsIotTime now() const {
        return (time_stands ? started : std::chrono::steady_clock::now()) + ahead;
    }

    /// Runs on the stand-in's thread; returns what it returns.
    template <class Function>
    auto call(Function function) {
        std::packaged_task<decltype(function())()> task(std::move(function));
        auto result = task.get_future();
        asio::post(loop, std::ref(task));
        return result.get();
    }

    void tick() {
        timer.expires_after(kTick);
        timer.async_wait([this](error_code error) {
            if (!error) {
                broker.tick(now());
                tick();
            }
        });
    }

    void open() {
        for (Door* door : doors()) {
            door->open();
            accept(*door);
        }
    }

    void accept(Door& door) {
        door.acceptor.async_accept([this, &door](error_code error, tcp::socket socket) {
            if (error) {
                return;
            }
            const auto connection = std::make_shared<AwsIotConnection>(
                    std::move(socket), door.context, broker, [this] { return now(); });
            std::erase_if(connections, [](const auto& one) { return one.expired(); });
            connections.push_back(connection);
            connection->start();
            accept(door);
        });
    }

    void close() {
        for (Door* door : doors()) {
            error_code ignored;
            door->acceptor.close(ignored);
        }
        for (const auto& weak : connections) {
            if (const auto connection = weak.lock()) {
                connection->abort();
            }
        }
        connections.clear();
    }

    TestAuthority authority{"Amazon Root CA 1"};
    const std::string endpoint;
    const bool time_stands;
    const AwsIotTime started = std::chrono::steady_clock::now();
    AwsIotBroker broker;
    std::chrono::seconds ahead{0};  // of the real clock
    asio::io_context loop;
    asio::executor_work_guard<asio::io_context::executor_type> work{loop.get_executor()};
    asio::steady_timer timer{loop};
    Door plain{loop, false};
    Door with_alpn{loop, true};
    std::vector<std::weak_ptr<AwsIotConnection>> connections;
    std::thread thread;
};

// NOLINTNEXTLINE(bugprone-exception-escape): a stand-in that cannot close ends the test program.
AwsIotStandIn::Running::~Running() {
    call([this] { close(); });
    work.reset();
    loop.stop();
    thread.join();
}

AwsIotStandIn::AwsIotStandIn(AwsIotOptions options)
    : running_(std::make_unique<Running>(std::move(options))) {
    start();
}

AwsIotStandIn::~AwsIotStandIn() = default;

std::uint16_t AwsIotStandIn::port() const {
    return running_->plain.port;
}

std::uint16_t AwsIotStandIn::alpn_port() const {
    return running_->with_alpn.port;
}

TestAuthority& AwsIotStandIn::authority() {
    return running_->authority;
}

void AwsIotStandIn::stop() {
    running_->call([this] { running_->close(); });
}

void AwsIotStandIn::start() {
    running_->call([this] { running_->open(); });
}

void AwsIotStandIn::pass_time(std::chrono::seconds time) {
    running_->call([this, time] {
        running_->ahead += time;
        running_->broker.tick(running_->now());
    });
}

void AwsIotStandIn::publish(
        std::string_view topic, std::string_view payload, std::uint8_t qos, bool retain) {
    AwsIotMessage message{
        .client_id = {},
        .topic = std::string(topic),
        .payload = std::string(payload),
        .qos = qos,
        .retain = retain,
    };
    running_->call([&] { running_->broker.publish(std::move(message), running_->now()); });
}

bool AwsIotStandIn::disconnect(std::string_view client_id) {
    return running_->call([&] { return running_->broker.disconnect(client_id, running_->now()); });
}

std::vector<AwsIotMessage> AwsIotStandIn::received() const {
    return running_->call([this] { return running_->broker.received; });
}

std::optional<AwsIotMessage> AwsIotStandIn::wait_for_publish(
        std::string_view filter, std::chrono::milliseconds limit) const {
    std::optional<AwsIotMessage> found;
    const auto look = [&] {
        for (const AwsIotMessage& message : running_->broker.received) {
            if (!found && mqtt::topic_matches(filter, message.topic)) {
                found = message;
            }
        }
        return found.has_value();
    };
    // What is found tells; the time limit alone is not worth a failure here.
    std::ignore = wait_until([&] { return running_->call(look); }, limit);
    return found;
}

std::vector<AwsIotSession> AwsIotStandIn::sessions() const {
    return running_->call([this] { return running_->broker.sessions(); });
}

std::optional<AwsIotSession> AwsIotStandIn::session(std::string_view client_id) const {
    for (AwsIotSession& one : sessions()) {
        if (one.client_id == client_id) {
            return std::move(one);
        }
    }
    return std::nullopt;
}

std::vector<AwsIotRefusal> AwsIotStandIn::refusals() const {
    return running_->call([this] { return running_->broker.refusals; });
}

std::size_t AwsIotStandIn::discarded() const {
    return running_->call([this] { return running_->broker.discarded; });
}

std::vector<std::size_t> AwsIotStandIn::subscribes() const {
    return running_->call([this] { return running_->broker.subscribes; });
}

std::size_t AwsIotStandIn::in_flight_most() const {
    return running_->call([this] { return running_->broker.in_flight_most; });
}

}  // namespace foz::support
