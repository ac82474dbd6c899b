// SPDX-License-Identifier: Apache-2.0
// What the sink for PostgreSQL does beyond the contract that all sinks keep
// (sink_contract_test.cpp).
#include "sink/postgres/postgres_sink.h"

#include <future>

#include <gtest/gtest.h>

#include "tests/sink/batch_fixture.h"
#include "tests/sink/postgres_under_test.h"
#include "tests/support/wait_until.h"

namespace foz::sink::postgres {
namespace {

class PostgresSinkTest : public testing::Test {
  protected:
    PostgresSinkTest() { server().create_database("sinks"); }

    static support::PostgresServer& server() { return running_server(); }
    static std::string query(std::string_view sql) { return server().query(sql, "sinks"); }
    static std::unique_ptr<Sink> make() { return sink_for(kind(), server().url("sinks")); }

    /// A sink that is connected with `routes`, which must fit.
    std::unique_ptr<Sink> connected(const std::vector<RouteUnderTest>& routes) {
        mapping_.emplace(mapping_of(routes));
        auto sink = make();
        const auto result = sink->connect(kLane, *mapping_);
        EXPECT_TRUE(result) << why(result);
        return sink;
    }
    /// Why connecting with `routes` fails.
    std::string refusal(const std::vector<RouteUnderTest>& routes) {
        mapping_.emplace(mapping_of(routes));
        const auto result = make()->connect(kLane, *mapping_);
        return result || result.error().failure != FailureKind::blocked ? ""
                                                                        : result.error().message;
    }

  private:
    std::optional<mapping::Mapping> mapping_;
};

TEST_F(PostgresSinkTest, writes_every_type_into_an_existing_table) {
    query("CREATE TABLE t (i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, t text, v "
          "varchar(5), b bool, ts timestamp, tz timestamptz, j json, jb jsonb, u uuid)");
    auto sink = connected({{"r", "t",
        {{"i2", "integer"}, {"i4", "integer"}, {"i8", "integer"}, {"f4", "double"},
            {"f8", "double"}, {"n", "decimal"}, {"t", "text"}, {"v", "text"}, {"b", "boolean"},
            {"ts", "timestamp"}, {"tz", "timestamp"}, {"j", "json"}, {"jb", "json"}, {"u", "text"}},
        {}}});
    BatchUnderTest batch;
    batch.add({integer(-32768), integer(2147483647), integer(INT64_MIN), real(1.5), real(0.1),
        decimal("123456789012345678901234567890.12500"), text("água"), text("águas"), boolean(true),
        timestamp(1'000'001), timestamp(-1), json("{\"a\": 1}"), json("[1,2]"),
        text("00000000-0000-0000-0000-0000000000ff")});
    batch.add({});
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored, std::vector<std::uint64_t>{2});
    EXPECT_EQ(query("SET timezone = 'UTC'; SELECT * FROM t WHERE i2 IS NOT NULL"),
            "-32768|2147483647|-9223372036854775808|1.5|0.1|123456789012345678901234567890.12500|"
            "água|águas|t|1970-01-01 00:00:01.000001|1969-12-31 23:59:59.999999+00|{\"a\": 1}|[1, "
            "2]|00000000-0000-0000-0000-0000000000ff");
}

TEST_F(PostgresSinkTest, keeps_all_digits_of_a_number) {
    query("CREATE TABLE t (id int8, n numeric)");
    auto sink = connected({{"r", "t", {{"id", "integer"}, {"n", "decimal"}}, {}}});
    const std::vector<std::pair<std::string, std::string>> numbers = {
        {"0", "0"},
        {"-0.0", "0.0"},
        {"1e3", "1000"},
        {"1.5e-3", "0.0015"},
        {"-12.50", "-12.50"},
        {"10000", "10000"},
        {"0.0001", "0.0001"},
        {"99999999", "99999999"},
        {"1E+2", "100"},
        {"123456.789", "123456.789"},
        {"0.00001234", "0.00001234"},
        {"12.5e1", "125"},
        {"-79228162514264337593543950335.123", "-79228162514264337593543950335.123"},
    };
    BatchUnderTest batch;
    std::string expected;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        batch.add({integer(static_cast<std::int64_t>(i)), decimal(numbers[i].first)});
        expected += (i > 0 ? "\n" : "") + numbers[i].second;
    }
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(query("SELECT n FROM t ORDER BY id"), expected);
    for (const char* too_large : {"1e131073", "1e-16384", "1e999999999999"}) {
        expect_refused(BatchUnderTest(100)
                               .add({integer(1), decimal("1")})
                               .add({integer(1), decimal(too_large)})
                               .write_to(*sink),
                1, "column n of table t is numeric: the number is out of range");
    }
}

TEST_F(PostgresSinkTest, refuses_the_row_whose_value_does_not_fit_its_column) {
    query("CREATE TABLE t (i int4, v varchar(3), n numeric(4,1), s smallint NOT NULL, CHECK (i <> "
          "13))");
    auto sink = connected({{"r", "t",
        {{"i", "integer"}, {"v", "text"}, {"n", "decimal"}, {"s", "integer"}}, {}}});
    const auto after_two = [] {
        BatchUnderTest batch;
        batch.add({integer(1), text("abc"), decimal("1"), integer(1)});
        batch.add({integer(2), text("çãé"), decimal("999.9"), integer(1)});
        return batch;
    };
    expect_refused(after_two().add({integer(3'000'000'000), {}, {}, integer(1)}).write_to(*sink), 2,
            "3000000000 is out of range");
    expect_refused(after_two().add({{}, text("abcd"), {}, integer(1)}).write_to(*sink), 2,
            "character varying(3): 4 characters");
    expect_refused(after_two()
                           .add({{}, text(std::string_view("a\0b", 3)), {}, integer(1)})
                           .write_to(*sink),
            2, "U+0000");
    expect_refused(after_two().add({{}, {}, decimal("12345"), integer(1)}).write_to(*sink), 2,
            "numeric field overflow");
    expect_refused(after_two().add({{}, {}, {}, {}}).write_to(*sink), 2, "may not be null");
    expect_refused(after_two().add({integer(13), {}, {}, integer(1)}).write_to(*sink), 2,
            "check constraint");
    EXPECT_EQ(query("SELECT count(*) FROM t"), "0");
    EXPECT_TRUE(after_two().write_to(*sink));
    EXPECT_EQ(query("SELECT * FROM t ORDER BY i"), "1|abc|1.0|1\n2|çãé|999.9|1");
}

TEST_F(PostgresSinkTest, rows_that_a_trigger_keeps_out_are_neither_stored_nor_duplicates) {
    query("CREATE TABLE t (id text PRIMARY KEY, v int8); CREATE FUNCTION keep_out() RETURNS "
          "trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.v > 1 THEN RETURN NULL; END IF; RETURN NEW; "
          "END'; CREATE TRIGGER keep_out BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION "
          "keep_out()");
    auto sink = connected({{"r", "t", {{"id", "text"}, {"v", "integer"}}, {"id"}}});
    BatchUnderTest batch;
    batch.add({text("a"), integer(1)}).add({text("a"), integer(1)});
    batch.add({text("a"), integer(2)}).add({text("b"), integer(3)});
    const auto refused = batch.write_to(*sink);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().failure, FailureKind::refused);
    ASSERT_EQ(refused.error().rows.size(), 2U) << why(refused);
    EXPECT_EQ(refused.error().rows[0].row, 2U);
    EXPECT_EQ(refused.error().rows[0].code, kKeyConflict);
    EXPECT_EQ(refused.error().rows[1].row, 3U);
    EXPECT_EQ(refused.error().rows[1].message, "a trigger of table t keeps this reading out of it");
    const auto written = sink->write(batch.rows(), 0, 2, {{2, 0}, {}});
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0], 1U);
    EXPECT_EQ(written->duplicate[0], 1U);
}

TEST_F(PostgresSinkTest, the_row_that_was_stored_need_not_be_the_first_with_its_key) {
    query("CREATE TABLE t (id text PRIMARY KEY, v int8); CREATE FUNCTION keep_out() RETURNS "
          "trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.v > 1 THEN RETURN NULL; END IF; RETURN NEW; "
          "END'; CREATE TRIGGER keep_out BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION "
          "keep_out()");
    auto sink = connected({{"r", "t", {{"id", "text"}, {"v", "integer"}}, {"id"}}});
    BatchUnderTest batch;
    batch.add({text("a"), integer(2)}).add({text("a"), integer(1)}).add({text("a"), integer(1)});
    const auto refused = batch.write_to(*sink);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().row, 0U) << why(refused);
    EXPECT_TRUE(refused.error().rows.empty());
}

TEST_F(PostgresSinkTest, compares_columns_of_every_type_with_what_they_hold) {
    query("CREATE COLLATION anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = "
          "false); CREATE TABLE t (id text COLLATE anycase PRIMARY KEY, r real, n numeric(6,1), w "
          "timestamp(0), j json, b jsonb, u uuid)");
    auto sink = connected({{"r", "t",
        {{"id", "text"}, {"r", "double"}, {"n", "decimal"}, {"w", "timestamp"}, {"j", "json"},
            {"b", "json"}, {"u", "text"}},
        {"id"}}});
    const std::string_view id = "7f000001-0000-4000-8000-000000000001";
    const auto add = [&](BatchUnderTest& batch, std::string_view name, std::string_view json_text) {
        batch.add({text(name), real(21.5), decimal("1.5"), timestamp(1'709'251'199'000'000),
            json(json_text), json(json_text), text(id)});
    };
    BatchUnderTest batch;
    add(batch, "a", R"({"x": 1})");
    add(batch, "a", R"({"x": 1})");
    auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->duplicate[0], 1U);
    add(batch, "A", R"({"x": 1})");
    add(batch, "a", R"({"x": 2})");
    written = batch.write_to(*sink);
    ASSERT_FALSE(written);
    ASSERT_EQ(written.error().rows.size(), 2U) << why(written);
    EXPECT_NE(written.error().rows[0].message.find("stored id = \"a\""), std::string::npos);
    EXPECT_NE(written.error().rows[1].message.find("stored j = {\"x\": 1}"), std::string::npos);
}

TEST_F(PostgresSinkTest, refuses_a_row_that_violates_another_unique_constraint_than_the_key) {
    query("CREATE TABLE t (id int8 PRIMARY KEY, serial text UNIQUE)");
    auto sink = connected({{"r", "t", {{"id", "integer"}, {"serial", "text"}}, {"id"}}});
    ASSERT_TRUE(BatchUnderTest().add({integer(1), text("x")}).write_to(*sink));
    const auto refused = BatchUnderTest(1)
                                 .add({integer(1), text("x")})
                                 .add({integer(2), text("x")})
                                 .write_to(*sink);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().failure, FailureKind::refused);
    EXPECT_EQ(refused.error().code, "23505");
    EXPECT_EQ(query("SELECT * FROM t"), "1|x");
}

TEST_F(PostgresSinkTest, says_why_a_key_does_not_tell_readings_apart) {
    query("CREATE COLLATION anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = "
          "false); CREATE TABLE t (at timestamp(0), id text COLLATE anycase, PRIMARY KEY (at, "
          "id))");
    const auto lines = make()->inspect(
            mapping_of({{"r", "t", {{"at", "received"}, {"id", "text"}}, {"at", "id"}}}));
    ASSERT_TRUE(lines) << why(lines);
    EXPECT_TRUE(lines->front().ends_with(
            "; warning: the key has column at, which differs when a message is delivered again, so "
            "that it is stored twice then; the key's column at is timestamp(0) without time zone "
            "and cuts the fraction of a second, so that readings of one second have the same key; "
            "ALTER TABLE \"t\" ALTER COLUMN \"at\" TYPE timestamp(6) without time zone; the key's "
            "column id has the collation anycase, which takes different names for the same; ALTER "
            "TABLE \"t\" ALTER COLUMN \"id\" TYPE text COLLATE \"C\""))
            << lines->front();
}

TEST_F(PostgresSinkTest, names_both_sides_when_a_table_does_not_fit) {
    query("CREATE TABLE t (a int4, b point, c text, d text NOT NULL)");
    EXPECT_EQ(refusal({{"r", "t", {{"a", "text"}, {"d", "text"}}, {}}}),
            "table t: column a is integer in the database, but the route writes text");
    EXPECT_EQ(refusal({{"r", "t", {{"b", "text"}, {"d", "text"}}, {}}}),
            "table t: column b is point in the database, but the route writes text: foz does not "
            "know that type; take it out of the route, or have a column of type text that a "
            "trigger reads");
    EXPECT_EQ(refusal({{"r", "t", {{"e", "text"}, {"d", "text"}}, {}}}),
            "table t: the table has no column e, which the route writes");
    EXPECT_EQ(refusal({{"r", "t", {{"c", "text"}}, {}}}),
            "table t: column d is NOT NULL without a default, but no route fills it");
    EXPECT_NE(refusal({{"r", "t", {{"d", "text"}}, {"d"}}}).find("no unique index over it"),
            std::string::npos);
    query("CREATE VIEW v AS SELECT 1 AS a");
    EXPECT_EQ(refusal({{"r", "v", {{"a", "integer"}}, {}}}),
            "table v is a view that takes no rows; give it a trigger INSTEAD OF INSERT that ends "
            "with RETURN NEW, or name the table below it");
}

TEST_F(PostgresSinkTest, writes_into_domains_schemas_and_partitions) {
    query("CREATE SCHEMA home; CREATE DOMAIN celsius AS numeric(5,2); CREATE DOMAIN warm AS "
          "celsius; CREATE TABLE home.climate (id int8 PRIMARY KEY, t warm) PARTITION BY RANGE "
          "(id); CREATE TABLE home.p1 PARTITION OF home.climate FOR VALUES FROM (0) TO (10)");
    auto sink = connected({{"r", "home.climate", {{"id", "integer"}, {"t", "decimal"}}, {"id"}}});
    const auto written = BatchUnderTest()
                                 .add({integer(1), decimal("20.5")})
                                 .add({integer(1), decimal("20.50")})
                                 .write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->duplicate[0], 1U);
    EXPECT_EQ(query("SELECT * FROM home.climate"), "1|20.50");
}

TEST_F(PostgresSinkTest, notices_that_a_table_was_dropped_or_changed_under_it) {
    const std::vector<RouteUnderTest> routes = {{"r", "t", {{"a", "integer"}}, {}}};
    query("CREATE TABLE t (a int4)");
    auto sink = connected(routes);
    ASSERT_TRUE(BatchUnderTest().add({integer(1)}).write_to(*sink));
    for (const char* change : {
             "ALTER TABLE t ALTER COLUMN a TYPE float4",  // as wide as before: only the types tell
             "ALTER TABLE t ALTER COLUMN a TYPE text",
             "ALTER TABLE t RENAME COLUMN a TO b",
             "ALTER TABLE t RENAME TO old; CREATE TABLE t (a int4)",
             "DROP TABLE t",
         }) {
        query("DROP TABLE IF EXISTS t, old; CREATE TABLE t (a int4)");
        const auto mapping = mapping_of(routes);
        const auto again = sink->connect(kLane, mapping);
        ASSERT_TRUE(again) << why(again);
        BatchUnderTest batch(again->cursor.position);
        batch.add({integer(1)});
        query(change);
        const auto written = batch.write_to(*sink);
        ASSERT_FALSE(written) << change;
        EXPECT_EQ(written.error().failure, FailureKind::schema) << change << why(written);
    }
}

// synchronous_standby_names asks for a standby that is not there; whoever waits for it is
// cancelled.
TEST_F(PostgresSinkTest, takes_no_commit_for_one_that_no_standby_has_confirmed) {
    auto sink = connected({{"r", "t", {{"v", "integer"}}, {}}});
    BatchUnderTest batch;
    batch.add({integer(1)});
    const auto set = [](std::string_view standby) {
        query(fmt::format("ALTER SYSTEM SET synchronous_standby_names = '{}'", standby));
        query("SELECT pg_reload_conf()");
        ASSERT_TRUE(support::wait_until(
                [&] { return query("SHOW synchronous_standby_names") == standby; },
                std::chrono::seconds(10)));
    };
    const auto cancel_waiting = [] {
        return support::wait_until(
                [] {
                    return query("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE "
                                 "wait_event = 'SyncRep'") != "0";
                },
                std::chrono::seconds(10));
    };
    set("nobody");
    auto written = std::async(std::launch::async, [&] { return batch.write_to(*sink); });
    EXPECT_TRUE(cancel_waiting());
    const auto unconfirmed = written.get();
    ASSERT_FALSE(unconfirmed);
    EXPECT_EQ(unconfirmed.error().failure, FailureKind::in_doubt) << why(unconfirmed);
    auto mapping = mapping_of({{"r", "t", {{"v", "integer"}}, {}}});
    auto reconnected =
            std::async(std::launch::async, [&] { return sink->connect(kLane, mapping); });
    EXPECT_TRUE(cancel_waiting());
    EXPECT_FALSE(reconnected.get());
    set("");
    const auto found = sink->connect(kLane, mapping);
    ASSERT_TRUE(found) << why(found);
    EXPECT_EQ(found->cursor, (Cursor{1, 0}));
    EXPECT_EQ(query("SELECT count(*) FROM t"), "1");
}

TEST_F(PostgresSinkTest, says_what_it_would_do_and_changes_nothing) {
    query("CREATE TABLE there (a int8)");
    const auto mapping = mapping_of(
            {{"r", "there", {{"a", "integer"}}, {}}, {"s", "new", {{"a", "integer"}}, {}}});
    const auto lines = make()->inspect(mapping);
    ASSERT_TRUE(lines) << why(lines);
    EXPECT_EQ(
            *lines, (std::vector<std::string>{"table there: fits", "table new: will be created"}));
    EXPECT_EQ(query("SELECT count(*) FROM pg_class WHERE relname IN ('new', 'foz_cursor')"), "0");
}

TEST_F(PostgresSinkTest, says_that_a_schema_is_missing) {
    const auto mapping = mapping_of({{"r", "plant.t", {{"a", "integer"}}, {}}});
    const auto lines = make()->inspect(mapping);
    ASSERT_FALSE(lines);
    EXPECT_EQ(lines.error().message,
            R"(table plant.t: there is no schema plant; CREATE SCHEMA "plant")");
    query("CREATE SCHEMA plant");
    EXPECT_TRUE(make()->inspect(mapping));
}

TEST_F(PostgresSinkTest, refuses_a_url_that_is_not_one) {
    const auto sink = kind().make(
            SinkOptions{.url = "postgresql://host:port:x/db?nonsense=1", .password = ""});
    ASSERT_FALSE(sink);
    EXPECT_EQ(sink.error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace foz::sink::postgres
