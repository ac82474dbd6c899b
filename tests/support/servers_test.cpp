// SPDX-License-Identifier: Apache-2.0
// The servers that other tests lean on do what their headers say.
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/mariadb_server.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/postgres_server.h"

namespace foz::support {
namespace {

TEST(PostgresServer, keeps_its_data_over_a_restart_and_a_kill) {
    PostgresServer server;
    server.start();
    server.query("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, NULL)");
    server.stop();
    EXPECT_FALSE(server.running());
    server.start();
    server.kill_9();
    server.start();
    EXPECT_EQ(server.query("SELECT * FROM t ORDER BY a"), "1|x\n2|NULL");
    EXPECT_THROW(server.query("SELECT * FROM no_such_table"), std::runtime_error);
}

TEST(MariadbServer, keeps_its_data_over_a_restart_and_a_kill) {
    MariadbServer server;
    server.start();
    server.query("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, NULL)");
    server.stop();
    EXPECT_FALSE(server.running());
    server.start();
    server.kill_9();
    server.start();
    EXPECT_EQ(server.query("SELECT * FROM t ORDER BY a"), "1|x\n2|NULL");
    EXPECT_THROW(server.query("SELECT * FROM no_such_table"), std::runtime_error);
}

TEST(MosquittoBroker, starts_again_on_the_same_port) {
    MosquittoBroker broker({.persistence = true, .configuration = ""});
    broker.start();
    EXPECT_TRUE(accepts_connections(broker.port()));
    broker.stop();
    EXPECT_FALSE(accepts_connections(broker.port()));
    broker.start();
    broker.kill_9();
    EXPECT_FALSE(accepts_connections(broker.port()));
}

}  // namespace
}  // namespace foz::support
