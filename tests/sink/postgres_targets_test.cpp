// SPDX-License-Identifier: Apache-2.0
// What else than plain tables a route can fill in PostgreSQL: views and partitioned tables.
#include <gtest/gtest.h>

#include "sink/postgres/postgres_sink.h"
#include "tests/sink/batch_fixture.h"
#include "tests/sink/postgres_under_test.h"

namespace foz::sink::postgres {
namespace {

class PostgresTargets : public testing::Test {
  protected:
    PostgresTargets() { running_server().create_database("targets"); }

    static std::string query(std::string_view sql) {
        return running_server().query(sql, "targets");
    }
    static std::unique_ptr<Sink> make() {
        return sink_for(kind(), running_server().url("targets"));
    }
    std::unique_ptr<Sink> connected(const std::vector<RouteUnderTest>& routes) {
        mapping_.emplace(mapping_of(routes));
        auto sink = make();
        const auto result = sink->connect(kLane, *mapping_);
        EXPECT_TRUE(result) << why(result);
        const auto lines = make()->inspect(*mapping_);
        EXPECT_TRUE(lines) << why(lines);
        return sink;
    }

  private:
    std::optional<mapping::Mapping> mapping_;
};

TEST_F(PostgresTargets, a_view_with_an_instead_of_trigger_takes_rows) {
    query("CREATE TABLE readings (device text, level float8 CHECK (level < 100));CREATE VIEW inbox "
          "AS SELECT device, level, ''::text AS note FROM readings;CREATE FUNCTION take() RETURNS "
          "trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO readings VALUES (upper(NEW.device), "
          "NEW.level); RETURN NEW; END $$;CREATE TRIGGER take INSTEAD OF INSERT ON inbox FOR EACH "
          "ROW EXECUTE FUNCTION take()");
    auto sink = connected({{"r", "inbox", {{"device", "text"}, {"level", "double"}}, {}}});
    BatchUnderTest batch;
    batch.add({text("a"), real(1)}).add({text("b"), real(2)});
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0], 2U);
    EXPECT_EQ(query("SELECT string_agg(device, '' ORDER BY device) FROM readings"), "AB");
    BatchUnderTest more(2);
    more.add({text("c"), real(3)}).add({text("d"), real(300)});
    const auto refused = more.write_to(*sink);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().failure, FailureKind::refused) << why(refused);
    EXPECT_EQ(query("SELECT count(*) FROM readings"), "2");
}

TEST_F(PostgresTargets, a_trigger_that_swallows_the_row_does_not_count_as_stored) {
    query("CREATE VIEW inbox AS SELECT ''::text AS device;CREATE FUNCTION drop_it() RETURNS "
          "trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;CREATE TRIGGER drop_it INSTEAD "
          "OF INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION drop_it()");
    auto sink = connected({{"r", "inbox", {{"device", "text"}}, {}}});
    BatchUnderTest batch;
    batch.add({text("a")});
    const auto refused = batch.write_to(*sink);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().failure, FailureKind::refused) << why(refused);
    EXPECT_NE(refused.error().message.find("trigger"), std::string::npos) << why(refused);
}

TEST_F(PostgresTargets, a_key_needs_more_than_a_view_with_a_trigger) {
    query("CREATE VIEW inbox AS SELECT ''::text AS device;CREATE FUNCTION take() RETURNS trigger "
          "LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;CREATE TRIGGER take INSTEAD OF INSERT "
          "ON inbox FOR EACH ROW EXECUTE FUNCTION take()");
    const auto mapping = mapping_of({{"r", "inbox", {{"device", "text"}}, {"device"}}});
    const auto found = make()->connect(kLane, mapping);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().failure, FailureKind::blocked) << why(found);
    EXPECT_NE(found.error().message.find("take the key out of the route"), std::string::npos);
    const auto lines = make()->inspect(mapping);
    ASSERT_FALSE(lines);
    EXPECT_EQ(lines.error().message, found.error().message);
}

TEST_F(PostgresTargets, a_simple_view_takes_rows_and_knows_what_is_there) {
    query("CREATE TABLE readings (id bigserial, device text PRIMARY KEY, level float8, day "
          "date);CREATE VIEW inbox AS SELECT device AS d, level, day FROM readings WITH CHECK "
          "OPTION");
    auto sink = connected(
            {{"r", "inbox", {{"d", "text"}, {"level", "double"}, {"day", "text"}}, {"d"}}});
    BatchUnderTest batch;
    batch.add({text("a"), real(1), text("2026-01-31")}).add({text("b"), real(2)});
    batch.add({text("a"), real(1), text("2026-01-31")});
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0], 2U);
    EXPECT_EQ(written->duplicate[0], 1U);
    EXPECT_EQ(query("SELECT count(id), max(day) FROM readings"), "2|2026-01-31");
    BatchUnderTest other(3);
    other.add({text("a"), real(7), text("2026-01-31")});
    const auto refused = other.write_to(*sink);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, kKeyConflict) << why(refused);
}

TEST_F(PostgresTargets, an_inferred_route_leaves_the_defaults_below_a_simple_view_alone) {
    query("CREATE TABLE readings (\"time\" timestamptz, place text NOT NULL DEFAULT 'attic', level "
          "int); CREATE VIEW inbox AS SELECT * FROM readings");
    auto mapping = mapping_of({{"r", "inbox", {}, {}}});
    auto sink = make();
    const auto found = sink->connect(kLane, mapping);
    ASSERT_TRUE(found) << why(found);
    ASSERT_TRUE(mapping.adopt_columns(*mapping.tables()[0], found->tables[0].columns));
    auto extended = sink->extend(*mapping.tables()[0]);
    ASSERT_TRUE(extended) << why(extended);
    BatchUnderTest batch;
    batch.add({timestamp(0), {}, integer(3)}).add({timestamp(0), text("hall"), integer(4)});
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(query("SELECT string_agg(place, ',' ORDER BY level) FROM readings"), "attic,hall");
}

TEST_F(PostgresTargets, a_view_that_takes_no_rows_and_other_relations_are_refused_with_the_cause) {
    query("CREATE VIEW sums AS SELECT count(*) AS a FROM pg_class;CREATE MATERIALIZED VIEW kept AS "
          "SELECT 1 AS a");
    for (const std::string table : {"sums", "kept"}) {
        const auto mapping = mapping_of({{"r", table, {{"a", "integer"}}, {}}});
        const auto found = make()->connect(kLane, mapping);
        ASSERT_FALSE(found) << table;
        EXPECT_EQ(found.error().failure, FailureKind::blocked) << why(found);
        EXPECT_NE(found.error().message.find(table), std::string::npos) << why(found);
    }
}

TEST_F(PostgresTargets, a_partitioned_table_keeps_its_key_through_the_partitions) {
    query("CREATE TABLE readings (device text, day date, level float8, PRIMARY KEY (device, day)) "
          "PARTITION BY RANGE (day);CREATE TABLE january PARTITION OF readings FOR VALUES FROM "
          "('2026-01-01') TO ('2026-02-01');CREATE TABLE february PARTITION OF readings FOR VALUES "
          "FROM ('2026-02-01') TO ('2026-03-01')");
    auto sink = connected({{"r", "readings",
        {{"device", "text"}, {"day", "text"}, {"level", "double"}}, {"device", "day"}}});
    BatchUnderTest batch;
    batch.add({text("a"), text("2026-01-05"), real(1)});
    batch.add({text("a"), text("2026-02-05"), real(2)});
    batch.add({text("a"), text("2026-01-05"), real(1)});
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0], 2U);
    EXPECT_EQ(written->duplicate[0], 1U);
    EXPECT_EQ(query("SELECT count(*) FROM january"), "1");
    BatchUnderTest outside(3);
    outside.add({text("b"), text("2026-02-06"), real(1)});
    outside.add({text("a"), text("2026-03-05"), real(1)});
    const auto refused = outside.write_to(*sink);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().failure, FailureKind::refused) << why(refused);
    EXPECT_EQ(refused.error().row, 1U) << why(refused);
    BatchUnderTest other(3);
    other.add({text("a"), text("2026-02-05"), real(9)});
    const auto conflict = other.write_to(*sink);
    ASSERT_FALSE(conflict);
    EXPECT_EQ(conflict.error().code, kKeyConflict) << why(conflict);
}

TEST_F(PostgresTargets, the_last_reading_of_a_key_replaces_in_partitions_and_simple_views_too) {
    query("CREATE TABLE readings (device text PRIMARY KEY, level float8) PARTITION BY HASH "
          "(device);CREATE TABLE r0 PARTITION OF readings FOR VALUES WITH (MODULUS 2, REMAINDER "
          "0);CREATE TABLE r1 PARTITION OF readings FOR VALUES WITH (MODULUS 2, REMAINDER "
          "1);CREATE TABLE plain (device text PRIMARY KEY, level float8, day date);CREATE VIEW "
          "inbox AS SELECT device, level FROM plain");
    const std::vector<std::pair<std::string, std::string>> columns = {
        {"device", "text"}, {"level", "double"}};
    constexpr auto kReplace = config::OnDuplicate::replace;
    auto sink = connected({{"r", "readings", columns, {"device"}, kReplace},
        {"v", "inbox", columns, {"device"}, kReplace}});
    for (std::uint64_t i = 0; i < 2; ++i) {
        BatchUnderTest batch(4 * i);
        for (const std::uint32_t route : {0U, 1U}) {
            batch.add({text("a"), real(1 + 10.0 * static_cast<double>(i))}, route);
            batch.add({text("a"), real(2 + 10.0 * static_cast<double>(i))}, route);
        }
        const auto written = batch.write_to(*sink);
        ASSERT_TRUE(written) << why(written);
        EXPECT_EQ(written->stored, (std::vector<std::uint64_t>{1 - i, 1 - i}));
        EXPECT_EQ(written->duplicate, (std::vector<std::uint64_t>{1 + i, 1 + i}));
    }
    EXPECT_EQ(query("SELECT r.level, p.level FROM readings r, plain p"), "12|12");
}

TEST_F(PostgresTargets, a_row_that_a_trigger_keeps_out_replaces_nothing_and_is_refused_alone) {
    query("CREATE TABLE latest (device text PRIMARY KEY, level float8);CREATE FUNCTION hot() "
          "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.level > 100 THEN RETURN NULL; END "
          "IF; RETURN NEW; END $$;CREATE TRIGGER hot BEFORE INSERT OR UPDATE ON latest FOR EACH "
          "ROW EXECUTE FUNCTION hot()");
    auto sink = connected({{"r", "latest", {{"device", "text"}, {"level", "double"}}, {"device"},
        config::OnDuplicate::replace}});
    BatchUnderTest batch;
    batch.add({text("a"), real(1)}).add({text("a"), real(200)}).add({text("b"), real(3)});
    const auto refused = batch.write_to(*sink);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, kKeptOut) << why(refused);
    EXPECT_EQ(refused.error().row, 1U) << why(refused);
    EXPECT_EQ(query("SELECT count(*) FROM latest"), "0");
}

TEST_F(PostgresTargets, identity_columns_are_filled_by_the_database_or_by_the_route_as_they_say) {
    query("CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY, level int);CREATE TABLE b (id int "
          "GENERATED BY DEFAULT AS IDENTITY, level int)");
    auto sink = connected({{"a", "a", {{"level", "integer"}}, {}},
        {"b", "b", {{"id", "integer"}, {"level", "integer"}}, {}}});
    BatchUnderTest batch;
    batch.add({integer(5)}).add({integer(7), integer(6)}, 1);
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(query("SELECT a.id, a.level, b.id, b.level FROM a, b"), "1|5|7|6");
    const auto always = mapping_of({{"a", "a", {{"id", "integer"}}, {}}});
    const auto found = make()->connect({"journal-1", "other"}, always);
    ASSERT_FALSE(found);
    EXPECT_NE(found.error().message.find("generated by the database"), std::string::npos);
}

}  // namespace
}  // namespace foz::sink::postgres
