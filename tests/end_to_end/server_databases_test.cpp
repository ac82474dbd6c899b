// SPDX-License-Identifier: Apache-2.0
// The commands that read and write databases, with PostgreSQL and MariaDB; the other files have
// their details with SQLite.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/postgres_server.h"

namespace foz::end_to_end {
namespace {

template <class Server>
class ServerDatabase : public testing::Test {
  protected:
    void configure(std::string_view temp_type) {
        std::string route = kReadings;
        const std::string_view before = "type = \"double\"";
        route.replace(route.find(before), before.size(), fmt::format("type = \"{}\"", temp_type));
        foz_.configure(
            fmt::format("[database.warehouse]\nurl = \"{}\"\nlanes = 2\n{}", server_.url(), route)
        );
    }
    void expect_balance() {
        const Outcome verified = foz_.run_configured({"verify"});
        EXPECT_EQ(verified.exit_code, 0) << verified;
    }

    Server server_;
    FozUnderTest foz_;
};

using Servers = testing::Types<support::PostgresServer, support::MariadbServer>;
TYPED_TEST_SUITE(ServerDatabase, Servers);

TYPED_TEST(ServerDatabase, IsReplayedIntoAndVerifiedWhileFozRunsAndAfterwards) {
    FozUnderTest& foz = this->foz_;
    this->server_.start();
    this->server_.query(
        "CREATE TABLE readings (device varchar(40), temp double precision, dh timestamp(6), "
        "PRIMARY KEY (device, dh))"
    );
    this->configure("integer");  // too strict
    foz.start();
    for (int i = 0; i < 10; ++i) {
        foz.publish(
            "sensors/a",
            reading(i % 5 == 0 ? i + 0.5 : i, fmt::format("2022-08-01 10:00:0{}", i)),
            fmt::format("client-{}", i)
        );
    }
    ASSERT_TRUE(foz.dead_letters_become(2)) << foz.log();
    ASSERT_EQ(foz.stop(), 0) << foz.log();
    EXPECT_EQ(this->server_.query("SELECT count(*) FROM readings"), "8");
    this->expect_balance();

    this->configure("double");  // mended
    foz.start();
    const Outcome dead = foz.run_configured({"dead", "replay"});
    EXPECT_TRUE(dead.says("2 stored, 0 duplicate, 0 still dead")) << dead;
    foz.publish("sensors/b", reading(1));
    this->server_.query("DELETE FROM readings WHERE temp > 8.5");
    const Outcome replayed = foz.run_configured({"replay", "--from", "0"});
    EXPECT_EQ(replayed.exit_code, 0) << replayed;
    EXPECT_TRUE(replayed.says("1 stored, 10 duplicate")) << replayed;
    const Outcome again = foz.run_configured({"replay", "--from", "0"});
    EXPECT_TRUE(again.says("was complete already")) << again;
    ASSERT_EQ(foz.stop(), 0) << foz.log();

    EXPECT_EQ(this->server_.query("SELECT count(*) FROM readings"), "11");
    const Outcome verified = foz.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 1) << verified;
    EXPECT_TRUE(verified.says("table readings has 11 rows, foz stored 12")) << verified;
}

}  // namespace
}  // namespace foz::end_to_end
