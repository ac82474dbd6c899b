// SPDX-License-Identifier: Apache-2.0
// The commands that read and write databases, with PostgreSQL and MariaDB; the other files have
// their details with SQLite.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/postgres_server.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

template <class Server>
class ServerDatabase : public testing::Test {
  protected:
    void configure(std::string_view temp_type) {
        std::string route = kReadings;
        const std::string_view before = "type = \"double\"";
        route.replace(route.find(before), before.size(), fmt::format("type = \"{}\"", temp_type));
        foz_.configure(fmt::format(
                "[database.warehouse]\nurl = \"{}\"\nlanes = 2\n{}", server_.url(), route));
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
            "PRIMARY KEY (device, dh))");
    this->configure("integer");  // too strict
    foz.start();
    for (int i = 0; i < 10; ++i) {
        foz.publish("sensors/a",
                reading(i % 5 == 0 ? i + 0.5 : i, fmt::format("2022-08-01 10:00:0{}", i)),
                fmt::format("client-{}", i));
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
    // Before it is replayed, which would store it otherwise.
    ASSERT_TRUE(support::wait_until([&] {
        return this->server_.query("SELECT count(*) FROM readings") == "11";
    })) << foz.log();
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

// A user "writer" who may store rows in what is there and change no table; yields its URL.
std::string make_writer(support::PostgresServer& server) {
    server.query(
            "CREATE ROLE writer LOGIN; CREATE TABLE grown (time timestamptz, v bigint); CREATE "
            "TABLE other (time timestamptz, v bigint); GRANT SELECT, INSERT ON grown, other TO "
            "writer; GRANT CREATE ON SCHEMA public TO writer");
    std::string url = server.url();
    url.replace(url.find("postgres@"), 8, "writer");
    return url;
}
void let_writer_change(support::PostgresServer& server) {
    server.query("ALTER TABLE grown OWNER TO writer");
}

std::string make_writer(support::MariadbServer& server) {
    server.query(
            "CREATE TABLE grown (time datetime(6), v bigint); CREATE TABLE other (time "
            "datetime(6), v bigint); CREATE USER writer@'%' IDENTIFIED BY 'x'; GRANT SELECT, "
            "INSERT, UPDATE, CREATE ON foz.* TO writer@'%'");
    std::string url = server.url();
    url.replace(url.find("foz:foz"), 7, "writer:x");
    return url;
}
void let_writer_change(support::MariadbServer& server) {
    server.query("GRANT ALTER ON foz.* TO writer@'%'");
}

TYPED_TEST(ServerDatabase, ThatLetsATableNotGrowHoldsBackOnlyTheReadingsThatNeedIt) {
    FozUnderTest& foz = this->foz_;
    this->server_.start();
    foz.configure(
            fmt::format("[database.warehouse]\nurl = \"{}\"\nretry_delay_max = \"100ms\"\n"
                        "[[route]]\ntopic = \"grown\"\ntable = \"grown\"\n"
                        "[[route]]\ntopic = \"other\"\ntable = \"other\"\n",
                    make_writer(this->server_)));
    foz.start();
    foz.publish("grown", R"({"v": 1})");
    foz.publish("grown", R"({"v": 2, "fresh": 3})");
    foz.publish("grown", R"({"v": 2.5})");
    foz.publish("other", R"({"v": 4})");
    foz.publish("grown", R"([{"v": 5}, {"more": 6}])");
    ASSERT_TRUE(foz.dead_letters_become(3)) << foz.log();
    const auto count = [&](const std::string& table) {
        return this->server_.query("SELECT count(*) FROM " + table);
    };
    EXPECT_TRUE(support::wait_until([&] { return count("grown") == "2"; })) << foz.log();
    EXPECT_EQ(count("other"), "1");
    const std::string reasons = foz.dead_reasons();
    EXPECT_NE(reasons.find("field \"fresh\" does not fit table grown: "), std::string::npos)
            << reasons;
    EXPECT_NE(reasons.find("not a whole number"), std::string::npos) << reasons;
    EXPECT_NE(foz.log().find("table grown: it cannot be changed: "), std::string::npos)
            << foz.log();

    // Once a person has mended it, no restart is needed.
    let_writer_change(this->server_);
    int published = 0;
    EXPECT_TRUE(support::wait_until([&] {
        foz.publish("grown", R"({"v": 7, "fresh": 8})");
        ++published;
        return this->server_.query("SELECT * FROM grown LIMIT 1").find("|NULL") !=
               std::string::npos;
    })) << foz.log();
    const Outcome dead = foz.run_configured({"dead", "replay"});
    EXPECT_EQ(dead.exit_code, 0) << dead;
    EXPECT_TRUE(dead.says(" 0 still dead")) << dead;
    ASSERT_EQ(foz.stop(), 0) << foz.log();
    EXPECT_EQ(count("grown"), std::to_string(5 + published));
    EXPECT_EQ(this->server_.query("SELECT count(*) FROM grown WHERE fresh = 3 OR more = 6"), "2");
    this->expect_balance();
}

TEST(PostgresDatabase, WhoseViewUsesAColumnHoldsBackOnlyTheReadingsThatWouldWidenIt) {
    support::PostgresServer server;
    server.start();
    server.query(
            "CREATE TABLE grown (time timestamptz, v bigint, odd point); CREATE VIEW seen AS "
            "SELECT v FROM grown");
    FozUnderTest foz;
    foz.configure(fmt::format(
            "[database.warehouse]\nurl = \"{}\"\n[[route]]\ntopic = \"grown\"\ntable = \"grown\"\n",
            server.url()));
    foz.start();
    // One batch: what can be added is not refused because of what cannot be changed.
    foz.publish("grown", R"([{"v": 1.5}, {"v": 2, "fresh": 3}, {"odd": "x"}])");
    ASSERT_TRUE(foz.dead_letters_become(2)) << foz.log();
    EXPECT_TRUE(support::wait_until([&] {
        return server.query("SELECT v, fresh FROM grown") == "2|3";
    })) << foz.log();
    const std::string reasons = foz.dead_reasons();
    EXPECT_NE(reasons.find("column v cannot become double precision"), std::string::npos)
            << reasons;
    EXPECT_NE(reasons.find("column odd is point in the database"), std::string::npos) << reasons;
    ASSERT_EQ(foz.stop(), 0) << foz.log();
}

}  // namespace
}  // namespace foz::end_to_end
