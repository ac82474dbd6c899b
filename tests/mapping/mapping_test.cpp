// SPDX-License-Identifier: Apache-2.0
// Routes, columns and readings: which rows a message becomes.
#include "mapping/mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mapping/item_writer.h"
#include "tests/mapping/mapping_under_test.h"

namespace foz::mapping {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Mapping, makes_a_row_of_the_temperature_payload) {
    MappingUnderTest test({temperature_route()});
    EXPECT_EQ(test.map_one(
                      R"({"Temperature": 23.5, "Data Hora": "2022-08-01 10:00:00"})", "esp32/pub"),
            "temperature: temp=23.5r dh=2022-08-01 13:00:00.000000 device='esp32'");
}

TEST(Mapping, finds_fields_in_any_order_and_among_others) {
    MappingUnderTest test({temperature_route()});
    for (int repetition = 0; repetition < 2; ++repetition) {
        EXPECT_EQ(
                test.map_one(
                        R"({"x": {"Temperature": 1}, "Data Hora": "2022-08-01 10:00:00", "y": [1, {"z": 2}],)"
                        R"( "Temperature": 23.5, "w": null})",
                        "esp32/pub"),
                "temperature: temp=23.5r dh=2022-08-01 13:00:00.000000 device='esp32'");
    }
}

TEST(Mapping, takes_the_last_of_fields_with_the_same_name) {
    MappingUnderTest test(
            {route("t", "r", {field("a", "a", "integer"), field("b", "b", "integer")})});
    EXPECT_EQ(test.map_one(R"({"a":1,"b":2,"a":3})"), "r: a=3 b=2");
}

TEST(Mapping, adds_the_rows_of_every_route_that_matches_and_numbers_them_through) {
    MappingUnderTest test({
        route("#", "all", {part("topic", config::MessagePart::topic)}),
        route("a/+", "none", {field("x", {"x"})}),
        route("b/{name}", "one", {capture("name", "name"), field("x", {"x"})}),
    });
    EXPECT_THAT(test.map(R"([{"x":1},{"x":2}])", "b/c"),
            ElementsAre("all: topic='b/c'", "one: name='c' x=1r", "one: name='c' x=2r"));
    EXPECT_THAT(test.map(R"({"x":1})", "a/b"), ElementsAre("all: topic='a/b'", "none: x=1r"));
}

TEST(Mapping, reports_how_many_routes_matched) {
    MappingUnderTest test({route("a/#", "x"), route("a/b", "y")});
    RowBatch batch;
    mqtt::Message message;
    message.topic = "b";
    EXPECT_EQ(test.mapping().map(message, 0, batch), 0U);
    EXPECT_TRUE(batch.empty());
    EXPECT_THAT(test.map("{\"v\":1}", "c"), IsEmpty());
    EXPECT_EQ(test.map("{\"v\":1}", "a/b").size(), 2U);
}

TEST(Mapping, takes_columns_from_the_message_itself) {
    using config::MessagePart;
    config::Column constant;
    constant.name = "source";
    constant.source = config::ConstantSource{std::string("foz")};
    config::Column number = constant;
    number.name = "version";
    number.source = config::ConstantSource{std::int64_t{3}};
    config::Column text_payload = part("raw", MessagePart::payload);
    text_payload.type = "text";
    MappingUnderTest test({route("t/{x}", "m",
            {part("time", MessagePart::received), part("topic", MessagePart::topic),
                part("client", MessagePart::client_id), part("qos", MessagePart::qos),
                part("retain", MessagePart::retain), part("payload", MessagePart::payload),
                text_payload, constant, number})});
    EXPECT_EQ(test.map_one(" [1, 2] ", "t/y"),
            "m: time=2026-01-02 03:00:00.000000 topic='t/y' client='esp32-1' qos=1 retain=false "
            "payload=json:[1, 2] raw=' [1, 2] ' source='foz' version=3");
}

TEST(Mapping, keeps_the_whole_reading_or_a_part_of_it_as_json) {
    MappingUnderTest test({route(
            "t", "r", {field("all", std::vector<std::string>{}), field("part", "p", "json")})});
    EXPECT_EQ(test.map_one(R"([{ "p" : { "q": [ ] } , "s": "}" }])"),
            R"(r: all=json:{ "p" : { "q": [ ] } , "s": "}" } part=json:{ "q": [ ] })");
}

TEST(Mapping, accepts_any_text_when_no_field_is_wanted) {
    config::Column text = part("payload", config::MessagePart::payload);
    text.type = "text";
    MappingUnderTest test({route("t", "r", {text})});
    EXPECT_EQ(test.map_one("not {json"), "r: payload='not {json'");
    EXPECT_EQ(test.map_one(""), "r: payload=''");
    EXPECT_EQ(test.map_one("Robert'); DROP TABLE r;--"), "r: payload='Robert'); DROP TABLE r;--'");
    EXPECT_EQ(test.map_one("ab\xff"),
            "r refused: payload is not UTF-8 at byte 2; is it Latin-1? Have the device send UTF-8");
    EXPECT_THAT(test.map_one(std::string_view("a\0b", 3)), HasSubstr("U+0000"));
}

TEST(Mapping, reads_a_bare_number_as_payload) {
    config::Column value = part("v", config::MessagePart::payload);
    value.type = "double";
    MappingUnderTest test({route("t", "r", {value})});
    EXPECT_EQ(test.map_one(" 23.5\n"), "r: v=23.5r");
    EXPECT_EQ(test.map_one("warm"), R"(r refused: the payload: "warm" is not a number)");
}

TEST(Mapping, takes_readings_from_an_array_and_other_fields_from_beside_it) {
    config::Route nested = route("t", "r", {field("device", "device", "text"), field("t", {"t"})});
    nested.rows = {"data", "readings"};
    MappingUnderTest test({nested});
    EXPECT_THAT(
            test.map(
                    R"({"device":"a","data":{"readings":[{"t":1},{"t":2,"device":"b"},{"u":1}, 5]}})"),
            ElementsAre("r: device='a' t=1r", "r: device='b' t=2r",
                    "r refused: reading 2: none of the route's fields is there",
                    "r refused: reading 3: a number is not an object with fields"));
    EXPECT_EQ(test.map_one(R"({"data":{"readings":{"t":1}}})"), "r: device=null t=1r");
    EXPECT_EQ(test.map_one(R"({"data":{}})"),
            R"(r refused: payload has no field "data.readings" with readings)");
    EXPECT_EQ(test.map_one(R"({"data":{"readings":"x"}})"),
            R"(r refused: field "data.readings" is text, not an array of readings)");
    EXPECT_EQ(test.map_one(R"({"data":{"readings":[]}})"),
            "r refused: the array of readings is empty");
}

TEST(Mapping, takes_plain_values_as_readings) {
    config::Route plain = route(
            "t", "r", {field("device", "device", "text"), field("v", std::vector<std::string>{})});
    plain.columns[1].type = "integer";
    plain.rows = {"values"};
    MappingUnderTest test({plain});
    EXPECT_THAT(test.map(R"({"device":"a","values":[1,2]})"),
            ElementsAre("r: device='a' v=1", "r: device='a' v=2"));
}

TEST(Mapping, stores_null_for_a_missing_field_unless_declared_otherwise) {
    config::Column strict = field("s", {"s"});
    strict.missing = config::Missing::reject;
    config::Column defaulted = field("d", {"d"});
    defaulted.default_value = std::int64_t{7};
    MappingUnderTest test({route("t", "r", {field("n", {"n"}), strict, defaulted})});
    EXPECT_EQ(test.map_one(R"({"s":1})"), "r: n=null s=1r d=7r");
    EXPECT_EQ(test.map_one(R"({"s":1,"n":null,"d":null})"), "r: n=null s=1r d=7r");
    EXPECT_EQ(test.map_one(R"({"n":1})"), R"(r refused: field "s" is missing)");
    EXPECT_EQ(test.map_one(R"({"n":1,"s":null})"), R"(r refused: field "s" is null)");
    EXPECT_FALSE(test.mapping().tables()[0]->columns[1].nullable);
}

TEST(Mapping, refuses_a_reading_without_a_key_column) {
    config::Route keyed = route("t", "r", {field("k", {"k"}), field("v", {"v"})});
    keyed.key = {"k"};
    MappingUnderTest test({keyed});
    EXPECT_EQ(test.map_one(R"({"v":1})"), R"(r refused: field "k" is missing)");
}

TEST(Mapping, refuses_a_payload_that_has_none_of_the_fields) {
    MappingUnderTest test({temperature_route()});
    EXPECT_EQ(test.map_one(R"({"hello":1})", "e/pub"),
            "temperature refused: none of the route's fields is there");
    EXPECT_EQ(test.map_one("42", "e/pub"),
            "temperature refused: a number is not an object with fields");
    EXPECT_EQ(test.map_one("[]", "e/pub"), "temperature refused: the array of readings is empty");
}

TEST(Mapping, stores_good_readings_beside_bad_ones) {
    MappingUnderTest test({route("t", "r", {field("v", "v", "integer")})});
    EXPECT_THAT(test.map(R"([{"v":1},{"v":1.5},{"v":3}])"),
            ElementsAre("r: v=1", R"(r refused: reading 1: field "v": 1.5 is not a whole number)",
                    "r: v=3"));
}

TEST(Mapping, folds_very_many_refused_readings_of_one_message_into_one) {
    MappingUnderTest test({route("t", "r", {field("v", "v", "integer")})});
    std::string payload = R"([{"v":1})";
    for (int i = 0; i < 500; ++i) {
        payload += R"(,{"v":"x"})";
    }
    const auto items = test.map(payload + R"(,{"v":2}])");
    ASSERT_EQ(items.size(), 2 + kRejectionsMax + 1);
    EXPECT_THAT(items[kRejectionsMax + 1],
            HasSubstr("399 more readings of this message are refused too"));
    EXPECT_EQ(items.back(), "r: v=2");
}

TEST(Mapping, has_the_routes_that_go_to_its_database) {
    config::Route other = route("x", "y", {field("v", {"v"})});
    other.database = "elsewhere";
    config::Route named = route("x", "z", {field("v", {"v"})});
    named.name = "mine";
    MappingUnderTest test({other, named, route("a", "b", {field("v", {"v"})})});
    ASSERT_EQ(test.mapping().routes().size(), 2U);
    EXPECT_EQ(test.mapping().routes()[0].name, "mine");
    EXPECT_EQ(test.mapping().routes()[1].name, "a -> b");
    EXPECT_EQ(test.mapping().routes()[1].table->name, "b");
}

TEST(Mapping, lets_routes_share_a_table_whatever_the_order_of_their_columns) {
    MappingUnderTest test({
        route("a", "r", {field("x", {"x"}), field("y", {"y"})}),
        route("b", "r", {field("y", {"why"}), field("x", {"ex"})}),
    });
    EXPECT_EQ(test.mapping().tables().size(), 1U);
    EXPECT_EQ(test.map_one(R"({"ex":1,"why":2})", "b"), "r: x=1r y=2r");
}

TEST(Mapping, keeps_every_json_message_and_the_temperature_without_a_configuration) {
    const config::Settings settings = config::default_settings();
    auto mapping = Mapping::compile(settings, settings.databases.at(0).name);
    ASSERT_TRUE(mapping) << mapping.error().message;
    RowBatch batch;
    std::string payload = R"({"Temperature": 23.5, "Data Hora": "2022-08-01 10:00:00"})";
    mqtt::Message message;
    message.topic = "esp32/pub";
    message.client_id = "c";
    const std::size_t size = payload.size();
    payload.append(64, ' ');
    message.payload = std::string_view(payload).substr(0, size);
    EXPECT_EQ(mapping->map(message, 1, batch), 2U);
    EXPECT_EQ(batch.rows().size(), 2U);
}

}  // namespace
}  // namespace foz::mapping
