// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tcp_proxy.h"

#include <stdexcept>

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace foz::support
