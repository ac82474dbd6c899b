// SPDX-License-Identifier: Apache-2.0
// Rights that foz's user lacks in PostgreSQL: found by inspect() before a batch needs them, and
// named with the GRANT when a batch does.
#include <gtest/gtest.h>

#include "sink/postgres/postgres_sink.h"
#include "sink/postgres/rights.h"
#include "tests/sink/batch_fixture.h"
#include "tests/sink/postgres_under_test.h"

namespace foz::sink::postgres {
namespace {

class PostgresRights : public testing::Test {
  protected:
    PostgresRights() {
        running_server().create_database("rights");
        query("DROP ROLE IF EXISTS writer; CREATE ROLE writer LOGIN;REVOKE TEMP ON DATABASE rights "
              "FROM PUBLIC");
    }
    ~PostgresRights() override { query("DROP OWNED BY writer; DROP ROLE writer"); }

    static std::string query(std::string_view sql) { return running_server().query(sql, "rights"); }
    static std::unique_ptr<Sink> make() {
        std::string url = running_server().url("rights");
        return sink_for(kind(), url.replace(url.find("postgres@"), 9, "writer@"));
    }
    static std::string missing(const mapping::Mapping& mapping) {
        const auto lines = make()->inspect(mapping);
        return lines ? "" : lines.error().message;
    }
    /// Gives every right that `message` asks for.
    static void grant_what_is_asked(std::string_view message) {
        while (true) {
            const std::size_t start = message.find("GRANT ");
            if (start == std::string_view::npos) {
                return;
            }
            message.remove_prefix(start);
            query(message.substr(0, message.find(';')));
            message.remove_prefix(6);
        }
    }
};

TEST_F(PostgresRights, inspect_finds_all_that_later_batches_need_and_its_grants_are_enough) {
    query("CREATE TABLE readings (id bigserial, device text PRIMARY KEY, level float8);CREATE "
          "TABLE latest (device text PRIMARY KEY, level float8)");
    const std::vector<std::pair<std::string, std::string>> columns = {
        {"device", "text"}, {"level", "double"}};
    const auto mapping = mapping_of({{"r", "readings", columns, {"device"}},
        {"l", "latest", columns, {"device"}, config::OnDuplicate::replace},
        {"n", "made_anew", columns, {}}});
    const std::string message = missing(mapping);
    for (const std::string_view part : {"GRANT TEMP ON DATABASE \"rights\" TO \"writer\"",
             "GRANT USAGE, CREATE ON SCHEMA \"public\" TO \"writer\"",
             "GRANT INSERT, SELECT ON \"readings\" TO \"writer\"",
             "GRANT INSERT, SELECT, UPDATE ON \"latest\" TO \"writer\"",
             "GRANT USAGE ON SEQUENCE readings_id_seq TO \"writer\""}) {
        EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
    }
    grant_what_is_asked(message);
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
    EXPECT_EQ(query("SELECT count(*) FROM made_anew"), "2");
}

TEST_F(PostgresRights, foz_s_own_tables_are_looked_at_too) {
    query("GRANT TEMP ON DATABASE rights TO writer; CREATE TABLE t (v int); GRANT ALL ON t TO "
          "writer");
    auto owner = sink_for(kind(), running_server().url("rights"));
    const auto mapping = mapping_of({{"r", "t", {{"v", "integer"}}, {}}});
    ASSERT_TRUE(owner->connect(kLane, mapping));
    query("GRANT INSERT, SELECT ON foz_cursor TO writer");
    const std::string message = missing(mapping);
    EXPECT_NE(message.find("GRANT UPDATE ON \"foz_cursor\""), std::string::npos) << message;
    EXPECT_NE(message.find("GRANT INSERT, SELECT, UPDATE ON \"foz_ledger\""), std::string::npos)
            << message;
    grant_what_is_asked(message);
    EXPECT_EQ(missing(mapping), "");
}

TEST_F(PostgresRights, row_level_security_is_refused_before_it_hides_rows) {
    query("CREATE TABLE t (v int); GRANT ALL ON t TO writer; ALTER TABLE t ENABLE ROW LEVEL "
          "SECURITY;CREATE POLICY all_rows ON t USING (true); GRANT ALL ON SCHEMA public TO "
          "writer;GRANT TEMP ON DATABASE rights TO writer");
    const auto mapping = mapping_of({{"r", "t", {{"v", "integer"}}, {}}});
    EXPECT_NE(missing(mapping).find("BYPASSRLS"), std::string::npos) << missing(mapping);
    const auto found = make()->connect(kLane, mapping);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().failure, FailureKind::blocked) << why(found);
    query("ALTER ROLE writer BYPASSRLS");
    EXPECT_EQ(missing(mapping), "");
}

TEST_F(PostgresRights, a_right_taken_away_while_it_runs_is_named_with_its_grant) {
    query("CREATE TABLE t (v int); GRANT ALL ON t TO writer; GRANT ALL ON SCHEMA public TO writer");
    const auto mapping = mapping_of({{"r", "t", {{"v", "integer"}}, {}}});
    auto sink = make();
    const auto found = sink->connect(kLane, mapping);
    ASSERT_TRUE(found) << why(found);
    query("REVOKE INSERT ON t FROM writer");
    BatchUnderTest batch;
    batch.add({integer(1)});
    const auto denied = batch.write_to(*sink);
    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error().failure, FailureKind::retry) << why(denied);
    EXPECT_NE(denied.error().message.find("GRANT SELECT, INSERT ON t TO \"writer\""),
            std::string::npos)
            << why(denied);
    query("GRANT INSERT ON t TO writer");
    const auto written = batch.write_to(*sink);
    EXPECT_TRUE(written) << why(written);
}

TEST(PostgresGrantFor, names_the_statement_or_the_command_that_prints_it) {
    EXPECT_NE(grant_for("permission denied to create temporary tables in database \"plant\"", "foz")
                      .find("GRANT TEMP ON DATABASE \"plant\" TO \"foz\""),
            std::string::npos);
    EXPECT_NE(grant_for("must be owner of table t", "foz").find("ALTER TABLE t OWNER TO \"foz\""),
            std::string::npos);
    EXPECT_NE(grant_for("permission denied for table foz_ledger", "foz")
                      .find("SELECT, INSERT, UPDATE"),
            std::string::npos);
    EXPECT_NE(grant_for("Berechtigung verweigert", "foz").find("foz check --connect"),
            std::string::npos);
}

}  // namespace
}  // namespace foz::sink::postgres
