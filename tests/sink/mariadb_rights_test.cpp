// SPDX-License-Identifier: Apache-2.0
// Rights that foz's user lacks in MariaDB: found by inspect() before a batch needs them, and named
// with the GRANT when a batch does.
#include <gtest/gtest.h>

#include "sink/mariadb/mariadb_sink.h"
#include "sink/mariadb/rights.h"
#include "tests/sink/batch_fixture.h"
#include "tests/sink/mariadb_under_test.h"

namespace foz::sink::mariadb {
namespace {

class MariadbRights : public testing::Test {
  protected:
    MariadbRights() {
        running_server().create_database("rights");
        query("DROP USER IF EXISTS writer@'%'");
        query("CREATE USER writer@'%' IDENTIFIED BY 'x'");
    }
    ~MariadbRights() override { query("DROP USER writer@'%'"); }

    static std::string query(std::string_view sql) { return running_server().query(sql, "rights"); }
    static std::unique_ptr<Sink> make() {
        std::string url = running_server().url("rights");
        return sink_for(kind(), url.replace(url.find("foz:foz@"), 8, "writer:x@"));
    }
    static std::string missing(const mapping::Mapping& mapping) {
        const auto lines = make()->inspect(mapping);
        return lines ? "" : lines.error().message;
    }
};

TEST_F(MariadbRights, inspect_finds_all_that_later_batches_need_and_its_grants_are_enough) {
    query("CREATE TABLE readings (device varchar(20) PRIMARY KEY, level double)");
    query("CREATE TABLE history (device varchar(20), level double)");
    query("GRANT SELECT ON rights.readings TO writer@'%'");
    query("GRANT SELECT ON rights.history TO writer@'%'");
    const std::vector<std::pair<std::string, std::string>> columns = {
        {"device", "text"}, {"level", "double"}};
    const auto mapping = mapping_of({{"r", "readings", columns, {"device"}},
        {"h", "history", columns, {}}, {"n", "made_anew", columns, {}}});
    std::string message = missing(mapping);
    for (const std::string_view part :
            {"GRANT CREATE, SELECT, INSERT, UPDATE ON `rights`.`foz_cursor` TO 'writer'@'%'",
                "GRANT CREATE, SELECT, INSERT, UPDATE ON `rights`.`foz_ledger` TO 'writer'@'%'",
                "GRANT INSERT, UPDATE ON `rights`.`readings` TO 'writer'@'%'",
                "GRANT INSERT ON `rights`.`history` TO 'writer'@'%'",
                "GRANT CREATE, SELECT, INSERT ON `rights`.`made_anew` TO 'writer'@'%'"}) {
        EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
    }
    for (std::size_t at = message.find("GRANT "); at != std::string::npos;
            at = message.find("GRANT ", at + 1)) {
        query(message.substr(at, message.find(';', at) - at));
    }
    EXPECT_EQ(missing(mapping), "");
    auto sink = make();
    const auto found = sink->connect(kLane, mapping);
    ASSERT_TRUE(found) << why(found);
    for (std::uint64_t i = 0; i < 2; ++i) {
        BatchUnderTest batch(3 * i);
        for (const std::uint32_t route : {0U, 1U, 2U}) {
            batch.add({text("a"), real(1)}, route);
        }
        const auto written = batch.write_to(*sink);
        ASSERT_TRUE(written) << why(written);
    }
    EXPECT_EQ(query("SELECT count(*) FROM readings"), "1");
}

TEST_F(MariadbRights, a_right_taken_away_while_it_runs_is_named_with_its_grant) {
    query("CREATE TABLE t (v int)");
    query("GRANT SELECT, INSERT, UPDATE, CREATE ON rights.* TO writer@'%'");
    const auto mapping = mapping_of({{"r", "t", {{"v", "integer"}}, {}}});
    EXPECT_EQ(missing(mapping), "");
    auto sink = make();
    ASSERT_TRUE(sink->connect(kLane, mapping));
    query("REVOKE INSERT ON rights.* FROM writer@'%'");
    sink = make();
    const auto denied = sink->connect({"journal-1", "other"}, mapping);
    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error().failure, FailureKind::retry) << why(denied);
    EXPECT_NE(
            denied.error().message.find("GRANT INSERT ON `rights`.`foz_cursor`"), std::string::npos)
            << why(denied);
}

TEST(MariadbGrants, are_read_as_the_server_shows_them) {
    const std::vector<std::string> lines = {
        "GRANT USAGE ON *.* TO `foz`@`%` IDENTIFIED BY PASSWORD '*X ON y'",
        "GRANT `reader` TO `foz`@`%`",
        "GRANT SELECT, INSERT ON `plant\\_1`.* TO `foz`@`%`",
        "GRANT ALL PRIVILEGES ON `test%`.* TO `foz`@`%`",
        "GRANT UPDATE, SELECT (a, b) ON `plant_1`.`a``b` TO `foz`@`%`",
    };
    const Grants grants(lines);
    EXPECT_TRUE(grants.give("INSERT", "plant_1", "t"));
    EXPECT_TRUE(grants.give("SELECT", "plant_1", ""));
    EXPECT_FALSE(grants.give("INSERT", "plantX1", "t"));
    EXPECT_FALSE(grants.give("UPDATE", "plant_1", "t"));
    EXPECT_TRUE(grants.give("UPDATE", "plant_1", "a`b"));
    EXPECT_TRUE(grants.give("CREATE", "test_db", "t"));
    EXPECT_FALSE(grants.give("CREATE", "other", "t"));
}

TEST(MariadbGrantFor, names_the_statement_or_the_command_that_prints_it) {
    EXPECT_NE(grant_for(1142, "INSERT command denied to user 'foz'@'localhost' for table `db`.`t`")
                      .find("GRANT INSERT ON `db`.`t` TO 'foz'@'localhost'"),
            std::string::npos);
    EXPECT_NE(grant_for(1044, "Access denied for user 'foz'@'%' to database 'plant'")
                      .find("ON `plant`.* TO 'foz'@'%'"),
            std::string::npos);
    EXPECT_NE(grant_for(1370, "execute command denied to user 'foz'@'%' for routine 'db.f'")
                      .find("GRANT EXECUTE ON FUNCTION db.f TO 'foz'@'%'"),
            std::string::npos);
    EXPECT_NE(grant_for(1142, "Zugriff verweigert").find("foz check --connect"), std::string::npos);
    EXPECT_NE(grant_for(3159, "insecure transport").find("require_secure_transport"),
            std::string::npos);
    EXPECT_EQ(grant_for(1062, "Duplicate entry"), "");
}

}  // namespace
}  // namespace foz::sink::mariadb
