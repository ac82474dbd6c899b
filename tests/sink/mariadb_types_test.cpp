// SPDX-License-Identifier: Apache-2.0
// Columns of existing tables whose values the server reads itself, as INSERT takes them: dates,
// times, enumerations, addresses. With bulk binding and in the way that MySQL needs.
#include <gtest/gtest.h>

#include "sink/mariadb/mariadb_sink.h"
#include "tests/sink/batch_fixture.h"
#include "tests/sink/mariadb_under_test.h"

namespace foz::sink::mariadb {
namespace {

using mapping::Value;

class MariadbTypes : public testing::TestWithParam<bool> {
  protected:
    MariadbTypes() { running_server().create_database("types"); }

    static std::string query(std::string_view sql) { return running_server().query(sql, "types"); }
    static std::unique_ptr<Sink> make() {
        const SinkOptions options{.url = running_server().url("types"), .password = ""};
        return std::move(*(GetParam() ? kind().make(options) : make_without_bulk(options)));
    }
    /// What a column of `column_type` holds after `value` was written; or why it was refused.
    static std::string stored(
            const std::string& column_type, const std::string& type, const Value& value) {
        query("DROP TABLE IF EXISTS one");
        query("CREATE TABLE one (v " + column_type + ")");
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
            return "refused: " + written.error().message;
        }
        return query(
                column_type.starts_with("bit") ? "SELECT v + 0 FROM one" : "SELECT v FROM one");
    }
    static std::string stored(const std::string& column_type, std::string_view literal) {
        return stored(column_type, "text", text(literal));
    }
};

TEST_P(MariadbTypes, takes_what_insert_takes) {
    const std::vector<std::array<std::string, 3>> values = {
        {"date", "2026-01-31", "2026-01-31"},
        {"date", "20260131", "2026-01-31"},
        {"date", "2026-01-31 00:00:00", "2026-01-31"},
        {"time", "13:30", "13:30:00"},
        {"time", "-120:00:00", "-120:00:00"},
        {"time", "2 01:00:00", "49:00:00"},
        {"time(3)", "13:30:15.125", "13:30:15.125"},
        {"time", "13:30:15.000", "13:30:15"},
        {"year", "2026", "2026"},
        {"enum('on','off','it''s')", "off", "off"},
        {"enum('on','off','it''s')", "it's", "it's"},
        {"set('a','b','c')", "a,c", "a,c"},
        {"set('a','b','c')", "", ""},
        {"uuid", "123E4567-e89b-12d3-a456-426655440000", "123e4567-e89b-12d3-a456-426655440000"},
        {"inet6", "2001:db8::1", "2001:db8::1"},
        {"inet4", "192.168.1.10", "192.168.1.10"},
    };
    for (const auto& [type, literal, expected] : values) {
        EXPECT_EQ(stored(type, literal), expected) << type << " " << literal;
    }
    EXPECT_EQ(stored("year", "integer", integer(2026)), "2026");
    EXPECT_EQ(stored("bit(4)", "integer", integer(10)), "10");
    EXPECT_EQ(stored("bit(64)", "integer", integer(INT64_MAX)), "9223372036854775807");
    EXPECT_EQ(stored("bit", "boolean", boolean(true)), "1");
}

TEST_P(MariadbTypes, refuses_what_the_column_would_lose_or_does_not_take) {
    const std::vector<std::pair<std::string, std::string>> values = {
        {"date", "2026-01-01 12:00:00"},
        {"date", "2026-01-01T12:00:00Z"},
        {"date", "2026-02-30"},
        {"date", "tomorrow"},
        {"date", ""},
        {"time", "2026-01-01 12:00:00"},
        {"time", "12:00:00.5"},
        {"time(3)", "12:00:00.1234"},
        {"time", "900:00:00"},
        {"time", "12:00:00Z"},
        {"time", "noon"},
        {"year", "26"},
        {"year", "0026"},
        {"year", "2500"},
        {"enum('on','off')", "ON"},
        {"enum('on','off')", "1"},
        {"enum('on','off')", "maybe"},
        {"enum('on','off')", ""},
        {"set('a','b')", "a,x"},
        {"set('a','b')", "3"},
        {"set('a','b')", "A"},
        {"uuid", "123e4567"},
        {"inet6", "1.2.3.4.5"},
        {"inet4", "::1"},
    };
    for (const auto& [type, literal] : values) {
        const std::string result = stored(type, literal);
        EXPECT_TRUE(result.starts_with("refused: ")) << type << " " << literal << ": " << result;
    }
    for (const auto& [type, number] :
            {std::pair("year", 26), {"year", 0}, {"bit(4)", 16}, {"bit(4)", -1}}) {
        const std::string result = stored(type, "integer", integer(number));
        EXPECT_TRUE(result.starts_with("refused: ")) << type << " " << number << ": " << result;
    }
}

TEST_P(MariadbTypes, the_same_reading_again_is_a_duplicate_and_another_is_not) {
    query("CREATE TABLE t (day date, at time(3), s enum('on','off'), b bit(4), w inet6, PRIMARY "
          "KEY (day, at))");
    const auto mapping = mapping_of({{"r", "t",
        {{"day", "text"}, {"at", "text"}, {"s", "text"}, {"b", "integer"}, {"w", "text"}},
        {"day", "at"}}});
    auto sink = make();
    const auto found = sink->connect(kLane, mapping);
    ASSERT_TRUE(found) << why(found);
    const auto row = [](std::string_view s, int bits) {
        return std::vector<Value>{
            text("2026-01-31"), text("12:00:00.5"), text(s), integer(bits), text("::1")};
    };
    BatchUnderTest batch;
    batch.add_cells(row("on", 5)).add_cells(row("on", 5));
    const auto written = batch.write_to(*sink);
    ASSERT_TRUE(written) << why(written);
    EXPECT_EQ(written->stored[0], 1U);
    EXPECT_EQ(written->duplicate[0], 1U);
    for (const auto& other : {row("off", 5), row("on", 6)}) {
        BatchUnderTest more(2);
        more.add_cells(other);
        const auto refused = more.write_to(*sink);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, kKeyConflict) << why(refused);
    }
}

TEST_P(MariadbTypes, unknown_columns_of_all_tables_are_named_at_once_with_what_to_do) {
    query("CREATE TABLE one (a point, b geometry, c text)");
    query("CREATE TABLE two (d polygon, e date)");
    const auto mapping =
            mapping_of({{"r", "one", {{"a", "text"}, {"b", "text"}, {"c", "text"}}, {}},
                {"s", "two", {{"d", "text"}, {"e", "double"}}, {}}});
    const auto found = make()->connect(kLane, mapping);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().failure, FailureKind::blocked);
    const std::string& message = found.error().message;
    for (const std::string_view part : {"table one: column a is point", "column b is geometry",
             "table two: column d is polygon", "take it out of the route", "column e is date",
             "type = \"text\""}) {
        EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
    }
    EXPECT_EQ(message.find("column c"), std::string::npos) << message;
}

TEST_P(MariadbTypes, an_inferred_route_knows_what_they_take) {
    query("CREATE TABLE r (`time` datetime(6), d date, y year, b bit, e enum('on'), p point)");
    const auto mapping = mapping_of({{"r", "r", {}, {}}});
    auto sink = make();
    const auto found = sink->connect(kLane, mapping);
    ASSERT_TRUE(found) << why(found);
    std::string types;
    for (const mapping::Column& column : found->tables[0].columns) {
        types += column.name + " " + std::string(name_of(column.type)) + " ";
    }
    EXPECT_EQ(types, "time timestamp d text y integer b boolean e text ");
}

INSTANTIATE_TEST_SUITE_P(Ways, MariadbTypes, testing::Bool());

}  // namespace
}  // namespace foz::sink::mariadb
