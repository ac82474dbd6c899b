// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tcp_proxy.h"

#include <mutex>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/broker/raw_client.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/postgres_server.h"
#include "tests/support/wait_until.h"

namespace foz::support {
namespace {

TEST(TcpProxy, refuses_connections_when_told_to) {
    PostgresServer server;
    server.start();
    TcpProxy proxy(server.port());
    EXPECT_TRUE(accepts_connections(proxy.port()));
    EXPECT_TRUE(wait_until([&] { return proxy.accepted() == 1; }));
    proxy.cut_all();
    proxy.refuse(true);
    EXPECT_TRUE(accepts_connections(proxy.port()));  // and closed at once
    EXPECT_TRUE(wait_until([&] { return proxy.accepted() == 2; }));
}

using std::string_view_literals::operator""sv;

// MQTT 3.1.1, client id "a", and what Mosquitto answers.
constexpr std::string_view kConnect =
        "\x10\x0D\x00\x04MQTT\x04\x02\x00\x00\x00\x01"
        "a"sv;
constexpr std::string_view kConnack = "\x20\x02\x00\x00"sv;

struct ProxiedMosquitto {
    ProxiedMosquitto() { mosquitto.start(); }

    MosquittoBroker mosquitto;
    TcpProxy proxy{mosquitto.port()};
};

TEST(TcpProxy, shows_what_it_forwards) {
    ProxiedMosquitto server;
    std::mutex mutex;
    std::string seen;
    server.proxy.watch([&](std::size_t connection, Side from, std::string_view bytes) {
        const std::scoped_lock lock(mutex);
        seen += std::to_string(connection) + (from == Side::client ? " says " : " hears ");
        seen += bytes;
    });
    broker::RawClient client(server.proxy.port());
    client.send(kConnect);
    EXPECT_EQ(client.receive(4), kConnack);
    const std::scoped_lock lock(mutex);
    EXPECT_EQ(seen, fmt::format("1 says {}1 hears {}", kConnect, kConnack));
}

TEST(TcpProxy, cuts_in_the_middle_of_an_answer) {
    ProxiedMosquitto server;
    server.proxy.truncate(Side::server, 3);
    broker::RawClient client(server.proxy.port());
    client.send(kConnect);
    EXPECT_EQ(client.receive_until_closed(), kConnack.substr(0, 3));
    EXPECT_EQ(server.proxy.cuts(), 1U);
    broker::RawClient next(server.proxy.port());
    next.send(kConnect);
    EXPECT_EQ(next.receive(4), kConnack);
}

TEST(TcpProxy, lets_nothing_through_after_a_cut) {
    ProxiedMosquitto server;
    std::mutex mutex;
    std::string seen;
    server.proxy.watch([&](std::size_t, Side from, std::string_view bytes) {
        const std::scoped_lock lock(mutex);
        seen += from == Side::client ? bytes : "";
    });
    server.proxy.truncate(Side::client, 3);
    broker::RawClient client(server.proxy.port());
    // More than the proxy reads at once: the rest is in its socket's buffer when it cuts.
    client.send(std::string(kConnect) + std::string(200'000, '\0'));
    EXPECT_EQ(client.receive_until_closed(), "");
    const std::scoped_lock lock(mutex);
    EXPECT_EQ(seen, kConnect.substr(0, 3));
}

TEST(TcpProxy, swallows_what_is_said_until_told_otherwise) {
    ProxiedMosquitto server;
    server.proxy.swallow(true);
    broker::RawClient client(server.proxy.port());
    client.send(kConnect);
    EXPECT_EQ(client.receive(1, std::chrono::milliseconds(100)), "");
    server.proxy.swallow(false);
    EXPECT_EQ(client.receive_until_closed(), "");
}

}  // namespace
}  // namespace foz::support
