// SPDX-License-Identifier: Apache-2.0
// The sink for PostgreSQL when the server or the network fails it.
#include <gtest/gtest.h>

#include "sink/postgres/connection.h"
#include "sink/postgres/postgres_sink.h"
#include "sink/postgres/sqlstate.h"
#include "tests/sink/batch_fixture.h"
#include "tests/sink/postgres_under_test.h"

namespace foz::sink::postgres {
namespace {

class PostgresFaults : public testing::Test {
  protected:
    PostgresFaults() : mapping_(mapping_of({{"r", "t", {{"a", "integer"}}, {}}})) {
        server().create_database("faults");
    }

    static support::PostgresServer& server() { return running_server(); }
    static std::string query(std::string_view sql) { return server().query(sql, "faults"); }
    static std::string url_at(std::uint16_t port, const std::string& user = "postgres") {
        return "postgresql://" + user + "@127.0.0.1:" + std::to_string(port) + "/faults";
    }
    [[nodiscard]] SinkResult<Connected> connect(Sink& sink) const {
        return sink.connect(kLane, mapping_);
    }
    static BatchUnderTest row_at(std::uint64_t position) {
        return std::move(
                BatchUnderTest(position).add({integer(static_cast<std::int64_t>(position))}));
    }

  private:
    mapping::Mapping mapping_;
};

TEST_F(PostgresFaults, waits_for_a_commit_in_doubt_that_is_still_under_way) {
    const auto sink =
            impatient_sink_for(kind(), url_at(server().port()), std::chrono::milliseconds(300));
    ASSERT_TRUE(connect(*sink));
    query("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); "
          "RETURN NULL; END'; CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE "
          "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()");
    const auto silent = row_at(0).write_to(*sink);
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().failure, FailureKind::in_doubt) << why(silent);
    // The old cursor would be a lie: dead letters after it would be forgotten.
    const auto after = connect(*sink_for(kind(), url_at(server().port())));
    ASSERT_TRUE(after) << why(after);
    EXPECT_EQ(after->cursor.position, 1U);
    EXPECT_EQ(query("SELECT count(*) FROM t"), "1");
}

TEST_F(PostgresFaults, tells_of_a_wrong_password_and_takes_the_right_one) {
    query("DROP ROLE IF EXISTS guarded_foz");
    query("CREATE ROLE guarded; CREATE ROLE guarded_foz LOGIN PASSWORD 'right' IN ROLE guarded; "
          "ALTER SCHEMA public OWNER TO guarded_foz");
    const auto wrong = connect(*sink_for(kind(), url_at(server().port(), "guarded_foz"), "wrong"));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().failure, FailureKind::retry);
    EXPECT_NE(wrong.error().message.find("password authentication failed"), std::string::npos)
            << why(wrong);
    const auto right = connect(*sink_for(kind(), url_at(server().port(), "guarded_foz"), "right"));
    EXPECT_TRUE(right) << why(right);
}

TEST_F(PostgresFaults, waits_when_there_are_too_many_connections) {
    query("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0; ALTER SCHEMA public OWNER TO crowded");
    const auto refused = connect(*sink_for(kind(), url_at(server().port(), "crowded")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().failure, FailureKind::retry) << why(refused);
    query("ALTER ROLE crowded CONNECTION LIMIT 5");
    EXPECT_TRUE(connect(*sink_for(kind(), url_at(server().port(), "crowded"))));
}

TEST_F(PostgresFaults, blames_the_row_that_a_trigger_swallows_or_refuses_with_a_code_of_its_own) {
    const auto sink = sink_for(kind(), url_at(server().port()));
    ASSERT_TRUE(connect(*sink));
    query("CREATE FUNCTION picky() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.a = 7 THEN "
          "RAISE EXCEPTION 'no sevens' USING ERRCODE = 'T0001'; END IF; IF new.a = 8 THEN RETURN "
          "NULL; END IF; RETURN new; END $$");
    query("CREATE TRIGGER picky BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION picky()");
    BatchUnderTest raised;
    raised.add({integer(1)}).add({integer(7)}).add({integer(2)});
    const auto refused = raised.write_to(*sink);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().failure, FailureKind::refused) << why(refused);
    ASSERT_EQ(refused.error().rows.size(), 1U);
    EXPECT_EQ(refused.error().rows[0].row, 1U);
    EXPECT_EQ(refused.error().rows[0].code, "T0001");
    BatchUnderTest swallowed;
    swallowed.add({integer(1)}).add({integer(8)}).add({integer(2)});
    const auto left_out = swallowed.write_to(*sink);
    ASSERT_FALSE(left_out);
    EXPECT_EQ(left_out.error().failure, FailureKind::refused) << why(left_out);
    EXPECT_EQ(left_out.error().message, "a trigger of table t keeps this reading out of it");
    BatchUnderTest good;
    good.add({integer(1)}).add({integer(2)});
    const auto stored = good.write_to(*sink);
    EXPECT_TRUE(stored) << why(stored);
    EXPECT_EQ(query("SELECT count(*) FROM t"), "2");
}

TEST(PostgresSqlstate, blames_only_the_data_for_errors_that_are_the_datas) {
    EXPECT_EQ(failure_of("22003"), FailureKind::refused);
    EXPECT_EQ(failure_of("23514"), FailureKind::refused);
    for (const char* of_a_trigger : {"T0001", "P0001", "P0004", "ABCDE", "99999", "2F005"}) {
        EXPECT_EQ(failure_of(of_a_trigger), FailureKind::refused) << of_a_trigger;
    }
    EXPECT_EQ(failure_of("22P03"), FailureKind::schema);
    EXPECT_EQ(failure_of("42P01"), FailureKind::schema);
    EXPECT_EQ(failure_of("25006"), FailureKind::reconnect);
    EXPECT_EQ(failure_of("57P01"), FailureKind::reconnect);
    for (const char* passing :
            {"53100", "53200", "53300", "40001", "40P01", "55P03", "57014", "42501", "XX000", ""}) {
        EXPECT_EQ(failure_of(passing), FailureKind::retry) << passing;
    }
}

TEST(PostgresErrorContext, names_the_line_of_copy_in_any_language) {
    EXPECT_EQ(line_in_context("COPY t1, line 3, column a", "t1"), 3U);
    EXPECT_EQ(line_in_context("COPY t1, Zeile 3", "t1"), 3U);
    EXPECT_EQ(line_in_context("SQL function x\nCOPY t, 9, line 12", "t, 9"), 12U);
    EXPECT_EQ(line_in_context("SQL statement \"SELECT 1 FROM ONLY t1, 5\"", "t1"), std::nullopt);
    EXPECT_EQ(line_in_context("", "t1"), std::nullopt);
}

}  // namespace
}  // namespace foz::sink::postgres
