// SPDX-License-Identifier: Apache-2.0
// Columns of existing tables whose values the server reads itself, as INSERT takes them: dates,
// enumerations, addresses, arrays.
#include <gtest/gtest.h>

#include "sink/postgres/postgres_sink.h"
#include "tests/sink/batch_fixture.h"
#include "tests/sink/postgres_under_test.h"

namespace foz::sink::postgres {
namespace {

using mapping::Value;

class PostgresTypes : public testing::Test {
  protected:
    PostgresTypes() {
        running_server().create_database("types");
        query("CREATE TYPE switch AS ENUM ('on', 'off', 'it''s \\ \"odd\"')");
        query("CREATE DOMAIN percent AS numeric(4,1) CHECK (VALUE <= 100)");
        query("CREATE DOMAIN lever AS switch");
        query("CREATE DOMAIN switches AS lever[]");
    }
    static std::string query(std::string_view sql) { return running_server().query(sql, "types"); }
    static std::unique_ptr<Sink> make() { return sink_for(kind(), running_server().url("types")); }

    /// What a column of `column_type` holds after `value` was written; or why it was refused.
    static std::string stored(
            const std::string& column_type, const std::string& type, const Value& value) {
        query("DROP TABLE IF EXISTS one; CREATE TABLE one (v " + column_type + ")");
        const auto mapping = mapping_of({{"r", "one", {{"v", type}}, {}}});
        static int lanes = 0;
        auto sink = make();
        const auto found = sink->connect({"journal-1", std::to_string(lanes++)}, mapping);
        if (!found) {
            return why(found);
        }
        BatchUnderTest batch;
        batch.add({value});
        const auto written = batch.write_to(*sink);
        if (!written) {
            EXPECT_EQ(written.error().failure, FailureKind::refused) << why(written);
            EXPECT_EQ(written.error().row, 0U) << why(written);
            return "refused: " + written.error().message;
        }
        return query("SELECT coalesce(v::text, 'NULL') FROM one");
    }
    static std::string stored(const std::string& column_type, std::string_view literal) {
        return stored(column_type, "text", text(literal));
    }
    static std::string stored_json(const std::string& column_type, std::string_view array) {
        return stored(column_type, "json", json(array));
    }
    static bool is_refused(const std::string& result) { return result.starts_with("refused: "); }
};

TEST_F(PostgresTypes, takes_what_insert_takes) {
    const std::vector<std::array<std::string, 3>> values = {
        {"date", "2026-01-31", "2026-01-31"},
        {"date", "20260131", "2026-01-31"},
        {"date", "Jan 31, 2026", "2026-01-31"},
        {"date", "2026-01-31T00:00:00Z", "2026-01-31"},
        {"date", "infinity", "infinity"},
        {"time", "13:30", "13:30:00"},
        {"time", "13:30:15.123456", "13:30:15.123456"},
        {"time", "1:30 PM", "13:30:00"},
        {"time(0)", "13:30:15.000", "13:30:15"},
        {"timetz", "13:30:15+02", "13:30:15+02"},
        {"timetz", "13:30:15.5-03:30", "13:30:15.5-03:30"},
        {"interval", "1 day 02:30:00", "1 day 02:30:00"},
        {"interval", "PT5M", "00:05:00"},
        {"interval", "1.5 hours", "01:30:00"},
        {"interval(0)", "90 s", "00:01:30"},
        {"switch", "on", "on"},
        {"switch", "it's \\ \"odd\"", "it's \\ \"odd\""},
        {"lever", "off", "off"},
        {"inet", "10.1.2.3", "10.1.2.3/32"},
        {"inet", "10.1.2.3/8", "10.1.2.3/8"},
        {"inet", "fe80::1", "fe80::1/128"},
        {"cidr", "10.0.0.0/8", "10.0.0.0/8"},
        {"macaddr", "08-00-2B-01-02-03", "08:00:2b:01:02:03"},
        {"macaddr8", "08:00:2b:ff:fe:01:02:03", "08:00:2b:ff:fe:01:02:03"},
        {"uuid", "{00000000-0000-0000-0000-0000000000FF}", "00000000-0000-0000-0000-0000000000ff"},
        {"bit(4)", "1010", "1010"},
        {"varbit", "1", "1"},
    };
    for (const auto& [type, literal, expected] : values) {
        EXPECT_EQ(stored(type, literal), expected) << type << " " << literal;
    }
}

TEST_F(PostgresTypes, refuses_what_the_column_would_lose_or_does_not_take) {
    const std::vector<std::pair<std::string, std::string>> values = {
        {"date", "2026-01-01 12:00"},
        {"date", "2026-01-01T12:00:00Z"},
        {"date", "20260101T120000"},
        {"date", "20260101 120000"},
        {"date", "2026-01-01 12 pm"},
        {"date", "2026-01-01 00:00:01"},
        {"date", "2026-01-01 00:00+02"},
        {"date", "now"},
        {"date", "2026-02-30"},
        {"date", "yesterday's"},
        {"date", ""},
        {"time", "2026-01-01 12:00"},
        {"time", "12:00:00+02"},
        {"time", "12:00:00Z"},
        {"time", "12:00:00.1234567"},
        {"time(0)", "12:00:00.5"},
        {"time", "25:00"},
        {"timetz", "2026-01-01 12:00:00+02"},
        {"interval", "0.3 years"},
        {"interval", "00:00:00.1234567"},
        {"interval(0)", "1.5 s"},
        {"interval", "soon"},
        {"switch", "On"},
        {"switch", "1"},
        {"lever", ""},
        {"inet", "10.1.2"},
        {"cidr", "10.1.2.3/8"},
        {"macaddr", "08:00:2b"},
        {"bit(4)", "10101"},
        {"bit(4)", "101"},
        {"varbit(2)", "101"},
        {"uuid", "00ff"},
    };
    for (const auto& [type, literal] : values) {
        const std::string result = stored(type, literal);
        EXPECT_TRUE(is_refused(result)) << type << " " << literal << ": " << result;
    }
    EXPECT_NE(stored("date", "2026-01-01 12:00").find("column v of table one is date"),
            std::string::npos);
    EXPECT_NE(stored("date", "2026-01-01 12:00").find("round = true"), std::string::npos);
}

TEST_F(PostgresTypes, makes_arrays_of_json_arrays) {
    const std::vector<std::array<std::string, 3>> values = {
        {"integer[]", "[1, -2, null, 3.0]", "{1,-2,NULL,3}"},
        {"integer[]", "[]", "{}"},
        {"bigint[]", "[[1,2],[3,4]]", "{{1,2},{3,4}}"},
        {"smallint[3]", "[1]", "{1}"},
        {"double precision[]", "[0.1, 1e300, 2]", "{0.1,1e+300,2}"},
        {"real[]", "[21.3]", "{21.3}"},
        {"numeric(4,1)[]", "[21.5, \"3\"]", "{21.5,3.0}"},
        {"numeric[]", "[123456789012345678901234567890.125]",
            "{123456789012345678901234567890.125}"},
        {"percent[]", "[99.5]", "{99.5}"},
        {"boolean[]", "[true, 0, \"on\"]", "{t,f,t}"},
        {"text[]", R"(["a", "b,c", "d\"e\\f", "", "NULL", "{}", "á", null, 1.50])",
            R"({a,"b,c","d\"e\\f","","NULL","{}",á,NULL,1.50})"},
        {"varchar(3)[]", R"(["abc"])", "{abc}"},
        {"timestamp[]", R"(["2026-01-31T10:00:00+02:00"])", "{\"2026-01-31 08:00:00\"}"},
        {"date[]", R"(["2026-01-31"])", "{2026-01-31}"},
        {"switch[]", R"(["on", "off"])", "{on,off}"},
        {"switches", R"(["on", "off"])", "{on,off}"},
        {"inet[]", R"(["::1"])", "{::1}"},
        {"uuid[]", R"(["000000000000000000000000000000ff"])",
            "{00000000-0000-0000-0000-0000000000ff}"},
        {"jsonb[]", R"([{"a": "\"x"}, [1]])", R"({"{\"a\": \"\\\"x\"}",[1]})"},
    };
    for (const auto& [type, array, expected] : values) {
        EXPECT_EQ(stored_json(type, array), expected) << type << " " << array;
    }
}

TEST_F(PostgresTypes, refuses_arrays_with_an_element_that_would_change) {
    const std::vector<std::pair<std::string, std::string>> values = {
        {"integer[]", "[1, 2.5]"},
        {"integer[]", "[3000000000]"},
        {"integer[]", "[true]"},
        {"integer[]", "{\"a\": 1}"},
        {"integer[]", "1"},
        {"integer[]", "[[1], [2, 3]]"},
        {"integer[]", "[[], []]"},
        {"numeric(4,1)[]", "[21.25]"},
        {"real[]", "[21.123456789]"},
        {"double precision[]", "[9007199254740993]"},
        {"varchar(3)[]", R"(["abcd"])"},
        {"bit(2)[]", R"(["101"])"},
        {"date[]", R"(["2026-01-31 12:00"])"},
        {"switch[]", R"(["maybe"])"},
        {"percent[]", "[101]"},
        {"text[]", R"(["a\u0000b"])"},
        {"timestamp(0)[]", R"(["2026-01-31T10:00:00.5Z"])"},
    };
    for (const auto& [type, array] : values) {
        const std::string result = stored_json(type, array);
        EXPECT_TRUE(is_refused(result)) << type << " " << array << ": " << result;
    }
}

TEST_F(PostgresTypes, other_columns_of_such_a_table_keep_every_value) {
    query("CREATE TABLE t (d date, i2 int2, i8 int8, f4 float4, f8 float8, n numeric, t text, b "
          "bool, ts timestamp, tz timestamptz, j json, jb jsonb, u uuid, c text)");
    const auto mapping = mapping_of({{"r", "t",
        {{"d", "text"}, {"i2", "integer"}, {"i8", "integer"}, {"f4", "double"}, {"f8", "double"},
            {"n", "decimal"}, {"t", "text"}, {"b", "boolean"}, {"ts", "timestamp"},
            {"tz", "timestamp"}, {"j", "json"}, {"jb", "json"}, {"u", "text"}, {"c", "text"}},
        {}}});
    auto sink = make();
    ASSERT_TRUE(sink->connect(kLane, mapping));
    BatchUnderTest batch;
    batch.add({text("2026-01-31"), integer(-32768), integer(INT64_MIN), real(21.3), real(0.1),
        decimal("-1.2500e1"), text("a\tb\\N\nc\r\\."), boolean(true), timestamp(-1),
        timestamp(1'000'001), json("{\"a\":\"\\n\"}"), json("[1,2]"),
        text("00000000-0000-0000-0000-0000000000ff"), text("\\N")});
    batch.add({});
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(query("SELECT t = E'a\\tb\\\\N\\nc\\r\\\\.' FROM t WHERE d IS NOT NULL"), "t");
    EXPECT_EQ(query("SET timezone = 'UTC'; SELECT d, i2, i8, f4, f8, n, b, ts, tz, j, jb, u, c "
                    "FROM t WHERE d IS NOT NULL"),
            "2026-01-31|-32768|-9223372036854775808|21.3|0.1|-12.500|t|1969-12-31 "
            "23:59:59.999999|1970-01-01 00:00:01.000001+00|{\"a\":\"\\n\"}|[1, "
            "2]|00000000-0000-0000-0000-0000000000ff|\\N");
    EXPECT_EQ(query("SELECT count(*) FROM t WHERE num_nonnulls(d, t, c, i2) = 0"), "1");
}

TEST_F(PostgresTypes, a_row_that_the_server_refuses_is_named) {
    query("CREATE TABLE t (id int PRIMARY KEY, s switch)");
    const auto mapping = mapping_of({{"r", "t", {{"id", "integer"}, {"s", "text"}}, {"id"}}});
    auto sink = make();
    ASSERT_TRUE(sink->connect(kLane, mapping));
    BatchUnderTest first;
    first.add({integer(1), text("on")});
    ASSERT_TRUE(first.write_to(*sink));
    BatchUnderTest batch(1);  // with a duplicate in front, so that it goes by the staging table
    batch.add({integer(1), text("on")}).add({integer(2), text("off")});
    batch.add({integer(3), text("broken")});
    const auto written = batch.write_to(*sink);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().failure, FailureKind::refused) << why(written);
    EXPECT_EQ(written.error().row, 2U) << why(written);
}

TEST_F(PostgresTypes, the_same_reading_again_is_a_duplicate_and_another_is_not) {
    query("CREATE TABLE t (day date, who inet, s switch, span interval, list numeric[], PRIMARY "
          "KEY (day, who))");
    const auto mapping = mapping_of({{"r", "t",
        {{"day", "text"}, {"who", "text"}, {"s", "text"}, {"span", "text"}, {"list", "json"}},
        {"day", "who"}}});
    auto sink = make();
    ASSERT_TRUE(sink->connect(kLane, mapping));
    const auto row = [](std::string_view s, std::string_view list) {
        return std::vector<Value>{
            text("2026-01-31"), text("10.0.0.1"), text(s), text("90 min"), json(list)};
    };
    BatchUnderTest batch;
    batch.add_cells(row("on", "[1, 2.50]"));
    batch.add_cells(row("on", "[1,2.50]"));
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0], 1U);
    EXPECT_EQ(written->duplicate[0], 1U);
    BatchUnderTest other(2);
    other.add_cells(row("off", "[1, 2.50]"));
    const auto refused = other.write_to(*sink);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, kKeyConflict) << why(refused);
}

TEST_F(PostgresTypes, unknown_columns_of_all_tables_are_named_at_once_with_what_to_do) {
    query("CREATE TABLE one (a point, b money, c text); CREATE TABLE two (d tsvector, e date)");
    const auto mapping =
            mapping_of({{"r", "one", {{"a", "text"}, {"b", "double"}, {"c", "text"}}, {}},
                {"s", "two", {{"d", "text"}, {"e", "double"}}, {}}});
    const auto found = make()->connect(kLane, mapping);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().failure, FailureKind::blocked);
    const std::string& message = found.error().message;
    for (const std::string_view part :
            {"table one: column a is point", "column b is money", "table two: column d is tsvector",
                "take it out of the route", "column e is date", "type = \"text\""}) {
        EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
    }
    EXPECT_EQ(message.find("column c"), std::string::npos) << message;
    const auto lines = make()->inspect(mapping);
    ASSERT_FALSE(lines);
    EXPECT_EQ(lines.error().message, message);
}

TEST_F(PostgresTypes, a_domain_of_domains_and_citext_are_known) {
    query("CREATE DOMAIN small AS percent");
    EXPECT_EQ(stored("small", "decimal", decimal("21.5")), "21.5");
    EXPECT_TRUE(is_refused(stored("small", "decimal", decimal("21.25"))));
    EXPECT_TRUE(is_refused(stored("small", "decimal", decimal("100.5"))));
    if (query("SELECT count(*) FROM pg_available_extensions WHERE name = 'citext'") == "0") {
        GTEST_SKIP() << "this server has no citext";
    }
    query("CREATE EXTENSION citext");
    EXPECT_EQ(stored("citext", "Kitchen"), "Kitchen");
    EXPECT_EQ(stored_json("citext[]", R"(["Kitchen"])"), "{Kitchen}");
}

TEST_F(PostgresTypes, an_inferred_route_takes_them_as_they_are) {
    query("CREATE TABLE r (\"time\" timestamptz, day date, state switch, list int[], place point)");
    auto mapping = mapping_of({{"r", "r", {}, {}}});
    auto sink = make();
    auto found = sink->connect(kLane, mapping);
    ASSERT_TRUE(found) << why(found);
    ASSERT_TRUE(mapping.adopt_columns(
            *mapping.tables()[0], found->tables[0].columns, found->tables[0].refused));
    BatchUnderTest batch;
    const auto map = [&](std::string payload) {
        mapping::RowBatch rows;
        const std::size_t size = payload.size();
        payload.resize(size + 64);
        mqtt::Message message;
        message.topic = "r";
        message.payload = std::string_view(payload).substr(0, size);
        mapping.map(message, 0, rows);
        if (rows.rows().empty()) {
            return "rejected: " + rows.rejections()[0].reason;
        }
        const auto written = sink->write(rows, 0, 1, {{1, 0}, {}});
        return written ? std::string() : why(written);
    };
    EXPECT_EQ(map(R"({"day": "2026-01-31", "state": "on", "list": [1, 2]})"), "");
    EXPECT_EQ(query("SELECT day, state, list FROM r"), "2026-01-31|on|{1,2}");
    EXPECT_NE(map(R"({"day": "2026-01-31 12:00"})").find("22000"), std::string::npos);
}

}  // namespace
}  // namespace foz::sink::postgres
