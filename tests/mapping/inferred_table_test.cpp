// SPDX-License-Identifier: Apache-2.0
// Tables whose columns follow the payloads.
#include "mapping/inferred_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mapping/column_name.h"
#include "tests/mapping/mapping_under_test.h"

namespace foz::mapping {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kTime = "time=2026-01-02 03:00:00.000000";

std::string with_time(const std::string& rest) {
    return fmt::format("r: {}{}", kTime, rest);
}

const Table& table_of(MappingUnderTest& test) {
    return *test.mapping().tables()[0];
}

TEST(InferredTable, has_time_captures_and_then_the_fields_as_they_come) {
    MappingUnderTest test({route("s/{site}/{Device-Id}", "r")});
    EXPECT_EQ(
            test.map_one(
                    R"({"Temperature": 23.5, "Data Hora": "x", "n": {"Höhe": 1, "ok": true}, "l": [1]})",
                    "s/a/b"),
            with_time(" site='a' device_id='b' temperature=23.5r data_hora='x' n_hohe=1 n_ok=true "
                      "l=json:[1]"));
    EXPECT_EQ(table_of(test).version, 1U);
    EXPECT_EQ(test.map_one(R"({"n": {"ok": false}, "new": "2022-08-01T10:00:00Z"})", "s/a/b"),
            with_time(" site='a' device_id='b' temperature=null data_hora=null n_hohe=null "
                      "n_ok=false l=null new=2022-08-01 10:00:00.000000"));
    EXPECT_EQ(table_of(test).version, 2U);
    (void)test.map(R"({"n": {"ok": false}})", "s/a/b");
    EXPECT_EQ(table_of(test).version, 2U);
}

TEST(InferredTable, routes_with_other_captures_share_a_table) {
    MappingUnderTest test({route("s/{site}/{device}", "r"), route("d/{device}/{room}", "r")});
    EXPECT_EQ(test.map_one(R"({"v":1})", "s/a/b"), with_time(" site='a' device='b' room=null v=1"));
    EXPECT_EQ(test.map_one(R"({"v":2})", "d/b/c"), with_time(" site=null device='b' room='c' v=2"));
    const auto& columns = table_of(test).columns;
    EXPECT_FALSE(columns[0].nullable);
    EXPECT_TRUE(columns[1].nullable) << "the second route does not capture the site";
    EXPECT_FALSE(columns[2].nullable) << "both capture the device";
    EXPECT_TRUE(columns[3].nullable) << "the first route does not capture the room";
}

TEST(InferredTable, widens_integer_to_double_and_keeps_the_earlier_rows) {
    MappingUnderTest test({route("t", "r")});
    EXPECT_THAT(test.map(R"([{"v":1},{"v":2.0},{"v":2.5},{"v":3}])"),
            ElementsAre(with_time(" v=1"), with_time(" v=2"), with_time(" v=2.5r"),
                    with_time(" v=3r")));
    EXPECT_EQ(table_of(test).columns[1].type, ColumnType::real);
    EXPECT_EQ(table_of(test).version, 2U);
}

TEST(InferredTable, keeps_all_digits_of_a_number_that_needs_more_than_64_bits) {
    MappingUnderTest test({route("t", "r")});
    EXPECT_EQ(test.map_one(R"({"v":18446744073709551615})"), with_time(" v=18446744073709551615d"));
    EXPECT_EQ(test.map_one(R"({"w":1})"), with_time(" v=null w=1"));
    EXPECT_THAT(
            test.map_one(R"({"w":18446744073709551615})"), HasSubstr("does not fit in 64 bits"));
}

TEST(InferredTable, waits_with_a_column_until_a_value_tells_its_type) {
    MappingUnderTest test({route("t", "r")});
    EXPECT_EQ(test.map_one(R"({"a":null,"b":1})"), with_time(" b=1"));
    EXPECT_EQ(test.map_one(R"({"a":"x","b":null})"), with_time(" b=null a='x'"));
}

TEST(InferredTable, refuses_what_does_not_fit_an_earlier_type_and_leaves_the_table_alone) {
    MappingUnderTest test({route("t", "r")});
    (void)test.map(R"({"v":1})");
    EXPECT_EQ(test.map_one(R"({"fresh":1,"v":"warm"})"),
            R"(r refused: field "v": "warm" is not a number (column v became integer with an earlier reading; )"
            R"(declare the route's columns to choose another type))");
    EXPECT_EQ(table_of(test).columns.size(), 2U);
    EXPECT_EQ(test.map_one(R"({"fresh":1})"), with_time(" v=null fresh=1"));
}

TEST(InferredTable, refuses_two_fields_of_a_reading_that_would_share_a_column) {
    MappingUnderTest test({route("t", "r")});
    EXPECT_EQ(test.map_one(R"({"Temp":1,"temp":2})"),
            R"(r refused: field "Temp" and field "temp" would both go into column temp; declare the route's columns)");
    EXPECT_THAT(
            test.map_one(R"({"a":{"b":1},"a_b":2})"), HasSubstr("would both go into column a_b"));
    EXPECT_EQ(test.map_one(R"({"Temp":1})"), with_time(" temp=1"));
    EXPECT_THAT(test.map_one(R"({"temp":2})"), HasSubstr("would both go into column temp"));
}

TEST(InferredTable, keeps_a_field_apart_from_its_own_columns) {
    MappingUnderTest test({route("t/{device}", "r")});
    EXPECT_EQ(test.map_one(R"({"time":5,"Device":6})", "t/x"),
            with_time(" device='x' payload_time=5 payload_device=6"));
}

TEST(InferredTable, stores_readings_that_are_no_objects_in_a_column_called_value) {
    MappingUnderTest test({route("t", "r")});
    EXPECT_THAT(test.map("[1,[2]]").size(), 2U);
    MappingUnderTest other({route("t", "r")});
    EXPECT_EQ(other.map_one("23.5"), with_time(" value=23.5r"));
    EXPECT_EQ(other.map_one("null"), "r refused: null is not a reading");
    EXPECT_EQ(other.map_one("{}"), "r refused: the reading has no fields");
    EXPECT_THAT(other.map_one("23.5."), HasSubstr("payload is not JSON"));
}

TEST(InferredTable, adds_what_stands_beside_the_readings_to_each) {
    config::Route nested = route("t", "r");
    nested.rows = {"data", "list"};
    MappingUnderTest test({nested});
    EXPECT_THAT(test.map(R"({"unit":"C","data":{"list":[{"v":1},{"v":2,"unit":"F"}],"n":2}})"),
            ElementsAre(with_time(" unit='C' data_n=2 v=1"), with_time(" unit='F' data_n=2 v=2")));
}

TEST(InferredTable, does_not_grow_without_end) {
    MappingUnderTest test({route("t", "r")});
    std::string payload = R"({"a":1)";
    for (int i = 0; i < 5000; ++i) {
        payload += fmt::format(R"(,"key{}":1)", i);
    }
    EXPECT_THAT(test.map_one(payload + "}"), HasSubstr("one column too many for table r"));
    EXPECT_EQ(table_of(test).columns.size(), 1U);
    for (int i = 0; i < 2000; ++i) {
        (void)test.map(fmt::format(R"({{"k{}":1}})", i));
    }
    EXPECT_EQ(table_of(test).columns.size(), kInferredColumnsMax);
    EXPECT_THAT(test.map_one(R"({"k1":5})"), HasSubstr(" k1=5"));
}

TEST(InferredTable, fills_the_columns_that_the_database_has_already) {
    MappingUnderTest test({route("t/{n}", "r")});
    Table& table = *test.mapping().tables()[0];
    const std::vector<Column> existing = {{"time", ColumnType::timestamp, false},
        {"n", ColumnType::integer, true}, {"Temp", ColumnType::decimal, true},
        {"count", ColumnType::real, true}};
    EXPECT_EQ(test.mapping().adopt_columns(table, existing), true);
    EXPECT_EQ(test.map_one(R"({"count":1,"temp":2.50,"more":3})", "t/7"),
            with_time(" n=7 Temp=2.50d count=1r more=3"));
    const std::uint32_t version = table.version;
    EXPECT_EQ(test.mapping().adopt_columns(table, existing), false);
    EXPECT_EQ(table.version, version);
}

TEST(InferredTable, does_not_narrow_a_column_that_it_has_widened) {
    MappingUnderTest test({route("t", "r")});
    Table& table = *test.mapping().tables()[0];
    (void)test.map(R"({"v":1.5})");
    (void)test.mapping().adopt_columns(
            table, std::vector<Column>{{"v", ColumnType::integer, true}});
    EXPECT_EQ(table.columns[1].type, ColumnType::real);
}

TEST(InferredTable, rejects_only_the_readings_that_need_what_the_database_refuses) {
    MappingUnderTest test({route("t", "r")});
    Table& table = *test.mapping().tables()[0];
    (void)test.map(R"({"v":1,"w":1})");
    (void)test.map(R"({"v":1.5,"x":true})");
    const std::vector<Column> existing = {{"time", ColumnType::timestamp, false},
        {"v", ColumnType::integer, true}, {"w", ColumnType::integer, true}};
    const std::vector<Refusal> refused = {
        {"v", "column v cannot become double precision: a view uses it [0A000]"},
        {"x", "column x cannot be added: no [42501]"}};
    EXPECT_EQ(test.mapping().adopt_columns(table, existing, refused), true);
    EXPECT_EQ(table.columns.size(), 3U);
    EXPECT_EQ(test.map_one(R"({"v":2,"w":3})"), with_time(" v=2 w=3"));
    EXPECT_EQ(test.map_one(R"({"v":2.0,"y":4})"), with_time(" v=2 w=null y=4"));
    EXPECT_THAT(test.map_one(R"({"v":2.5})"), HasSubstr("column v cannot become double precision"));
    EXPECT_THAT(test.map_one(R"({"v":2,"x":false})"),
            HasSubstr(R"(field "x" does not fit table r: column x cannot be added: no [42501])"));
    test.mapping().forget_refusals();
    EXPECT_THAT(test.map_one(R"({"w":2.5,"x":false})"), HasSubstr("x=false"));
}

TEST(InferredTable, takes_no_column_at_all_when_the_database_lets_none_be_changed) {
    MappingUnderTest test({route("t/{n}", "r")});
    Table& table = *test.mapping().tables()[0];
    const std::vector<Refusal> refused = {{"", "it cannot be changed: must be owner [42501]"}};
    const auto without_capture = test.mapping().adopt_columns(
            table, std::vector<Column>{{"time", ColumnType::timestamp, false}}, refused);
    ASSERT_FALSE(without_capture);
    EXPECT_THAT(without_capture.error().message, HasSubstr("table r needs the column n (text)"));
    const std::vector<Column> existing = {
        {"time", ColumnType::timestamp, false}, {"n", ColumnType::text, false}};
    EXPECT_EQ(test.mapping().adopt_columns(table, existing, refused), false);
    EXPECT_THAT(test.map_one(R"({"a":1})", "t/7"), HasSubstr("must be owner [42501]"));
}

TEST(ColumnName, follows_from_the_keys) {
    const auto name = [](std::string_view a) { return column_name_from(std::vector{a}); };
    EXPECT_EQ(name("Data Hora"), "data_hora");
    EXPECT_EQ(name("Pressão"), "pressao");
    EXPECT_THAT(name("温度"), StartsWith("___"));
    EXPECT_NE(name("温度"), name("湿度"));
    EXPECT_EQ(name("温度"), name("温度"));
    EXPECT_NE(name("%"), name("$"));
    EXPECT_THAT(name("Temp °C"), StartsWith("temp__c_"));
    EXPECT_EQ(name(""), "field");
    EXPECT_EQ(name("1st"), "_1st");
    EXPECT_EQ(name("xmin"), "xmin_");
    EXPECT_EQ(name("a\"; DROP TABLE b"), "a___drop_table_b");
    const std::string long_name = name(std::string(100, 'a'));
    EXPECT_EQ(long_name.size(), kNameBytesMax);
    EXPECT_NE(long_name, name(std::string(101, 'a')));
}

TEST(ColumnName, keys_in_other_scripts_stay_apart_at_any_length_and_depth) {
    const auto name = [](std::vector<std::string_view> keys) { return column_name_from(keys); };
    const std::string longer = std::string(80, 'x');
    EXPECT_NE(name({longer + "温"}), name({longer + "湿"}));
    EXPECT_LE(name({longer + "温"}).size(), kNameBytesMax);
    EXPECT_NE(name({"温度", "a"}), name({"湿度", "a"}));
    EXPECT_NE(name({"влажность"}), name({"давлениеX"}));
}

TEST(InferredTable, fields_of_two_readings_never_mix_in_one_column) {
    MappingUnderTest test({route("t", "r")});
    EXPECT_EQ(test.map_one(R"({"Temp":1})"), with_time(" temp=1"));
    EXPECT_THAT(test.map_one(R"({"temp":2})"),
            HasSubstr("field \"Temp\" and field \"temp\" would both go into column temp"));
    EXPECT_THAT(test.map_one(R"({"TEMP":2})"), HasSubstr("would both go into column temp"));
    EXPECT_EQ(test.map_one(R"({"Temp":3})"), with_time(" temp=3"));
}

TEST(InferredTable, a_rejected_reading_owns_no_column) {
    MappingUnderTest test({route("t", "r")});
    EXPECT_EQ(test.map_one(R"({"n":1})"), with_time(" n=1"));
    EXPECT_THAT(test.map_one(R"({"a b":1,"n":"x"})"), HasSubstr("is not a number"));
    EXPECT_EQ(test.map_one(R"({"a-b":1})"), with_time(" n=null a_b=1"));
    EXPECT_THAT(test.map_one(R"({"a":{"b":1}})"), HasSubstr("field \"a-b\" and field \"a.b\""));
}

TEST(InferredTable, a_whole_number_that_a_double_changes_is_refused) {
    MappingUnderTest test({route("t", "r")});
    EXPECT_EQ(test.map_one(R"({"v":1.5})"), with_time(" v=1.5r"));
    EXPECT_THAT(test.map_one(R"({"v":9007199254740993})"),
            HasSubstr("declare the column's type integer"));
}

/// A table with so many fields "f0", "f1", ...
void widen(MappingUnderTest& test, int fields) {
    std::string payload = "{";
    for (int i = 0; i < fields; ++i) {
        payload += fmt::format("{}\"f{}\":1", i == 0 ? "" : ",", i);
    }
    (void)test.map(payload + "}");
}

TEST(InferredTable, keeps_cells_up_to_the_last_that_a_reading_sets) {
    MappingUnderTest test({route("t", "r")});
    widen(test, 198);
    EXPECT_EQ(test.map_one(R"({"f1": 7})"), with_time(" f0=null f1=7"));
    EXPECT_EQ(test.batch().rows()[0].cell_count, 3U);
}

TEST(InferredTable, refuses_a_small_message_that_would_take_all_memory) {
    MappingUnderTest test({route("t", "r"), route("#", "other", {field("v", "", "integer")})});
    widen(test, 198);
    std::string payload = "[1";
    for (int i = 1; i < 200'000; ++i) {
        payload += ",1";
    }
    const auto items = test.map(payload + "]");
    ASSERT_FALSE(items.empty());
    EXPECT_THAT(items, testing::Contains(HasSubstr("r refused: its readings would be more than")));
    EXPECT_LT(test.batch().memory_bytes(), 64U << 20);
    EXPECT_EQ(test.map("[1,{\"f0\":2}]").size(), 4U) << "what comes after it is taken";
}

}  // namespace
}  // namespace foz::mapping
