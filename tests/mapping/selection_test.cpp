// SPDX-License-Identifier: Apache-2.0
// Which values of a payload are a route's readings: elements of arrays, `where`, several values in
// one payload, captures of the rest of a topic; and what is said of columns that stay NULL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mapping/json_sequence.h"
#include "tests/mapping/mapping_under_test.h"

namespace foz::mapping {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

config::Column at(std::string name, std::vector<config::PathStep> path) {
    config::Column column;
    column.name = std::move(name);
    column.source = config::FieldSource{std::move(path)};
    return column;
}

config::Route filtered(
        config::Route made, std::string field, decltype(config::Filter::equals) value) {
    made.where = config::Filter{{std::move(field)}, std::move(value)};
    return made;
}

TEST(ElementOfAnArray, is_a_step_of_a_path) {
    MappingUnderTest test({route("t", "r",
            {at("p0", {"ENERGY", "Power", 0U}), at("p1", {"ENERGY", "Power", 1U}),
                at("deep", {"list", 1U, "a", 0U})})});
    EXPECT_EQ(test.map_one(R"({"ENERGY":{"Power":[7,8,9]},"list":[{},{"a":[5]}]})"),
            "r: p0=7r p1=8r deep=5r");
    EXPECT_EQ(test.map_one(R"({"ENERGY":{"Power":[7]}})"), "r: p0=7r p1=null deep=null");
    EXPECT_EQ(test.map_one(R"({"ENERGY":{"Power":[[1],8]}})"),
            "r refused: field \"ENERGY.Power[0]\": an array cannot become a double");
    EXPECT_EQ(test.map_one(R"({"ENERGY":{"Power":7}})"), "r: p0=null p1=null deep=null");
    EXPECT_EQ(test.map_one(R"({"ENERGY":{"Power":{"0":7}}})"), "r: p0=null p1=null deep=null");
}

TEST(ElementOfAnArray, may_be_one_of_a_reading_that_is_an_array) {
    MappingUnderTest test({route("t", "r", {at("x", {0U}), at("y", {1U})})});
    EXPECT_THAT(test.map("[[1,2],[3,4],[]]"),
            ElementsAre("r: x=1r y=2r", "r: x=3r y=4r",
                    HasSubstr("reading 2: an array is not an object")));
}

TEST(Where, takes_the_readings_whose_field_has_the_value) {
    MappingUnderTest test({
        filtered(route("t", "places", {field("lat", {"lat"})}), "_type", std::string("location")),
        filtered(route("t", "wills", {field("at", "tst", "integer")}), "_type", std::string("lwt")),
    });
    EXPECT_THAT(
            test.map(R"({"_type":"location","lat":1.5,"tst":9})"), ElementsAre("places: lat=1.5r"));
    EXPECT_THAT(test.map(R"({"_type":"lwt","tst":9})"), ElementsAre("wills: at=9"));
    EXPECT_THAT(test.map(R"({"_type":"card","tst":9})"), IsEmpty());
    EXPECT_THAT(test.map(R"({"lat":1.5})"), IsEmpty());
    EXPECT_THAT(test.map(R"({"_type":["location"],"lat":1.5})"), IsEmpty());
    EXPECT_THAT(test.map(R"({"_type":"location","lat":"x"})"),
            ElementsAre(HasSubstr("places refused")));
    // Nobody can say whose it is, and nothing may disappear.
    EXPECT_THAT(
            test.map("{"), ElementsAre(HasSubstr("places refused"), HasSubstr("wills refused")));
}

TEST(Where, looks_at_each_reading_and_then_at_what_is_around_it) {
    config::Route rows = filtered(route("t", "r", {field("v", {"v"})}), "ok", true);
    rows.rows = {"list"};
    MappingUnderTest nested({rows});
    EXPECT_THAT(nested.map(R"({"list":[{"v":1,"ok":true},{"v":2,"ok":false},{"v":3}],"ok":true})"),
            ElementsAre("r: v=1r", "r: v=3r"));
    EXPECT_THAT(nested.map(R"({"ok":true})"), ElementsAre(HasSubstr("no field \"list\"")));
    EXPECT_THAT(nested.map(R"({"ok":false})"), IsEmpty());
    MappingUnderTest inferred({filtered(route("t", "i"), "kind", std::int64_t{2})});
    EXPECT_THAT(inferred.map(R"([{"kind":1,"a":1},{"kind":2.0,"b":5}])"),
            ElementsAre(HasSubstr("kind=2")));
    EXPECT_EQ(inferred.mapping().tables()[0]->index_of("a"), std::nullopt);
    MappingUnderTest whole(
            {filtered(route("t", "w", {part("payload", config::MessagePart::payload)}), "v", 1.5)});
    EXPECT_THAT(whole.map(R"({"v":15e-1})"), ElementsAre(HasSubstr("payload=json:")));
    EXPECT_THAT(whole.map(R"({"v":"1.5"})"), IsEmpty());
}

TEST(Where, leaves_messages_without_a_route_and_says_so_when_it_takes_none) {
    MappingUnderTest test(
            {filtered(route("t", "r", {field("v", {"v"})}), "typ", std::string("x"))});
    for (int i = 0; i < 999; ++i) {
        ASSERT_THAT(test.map(R"({"type":"x","v":1})"), IsEmpty());
    }
    EXPECT_THAT(test.mapping().take_remarks(), IsEmpty());
    (void)test.map(R"({"type":"x","v":1})");
    EXPECT_THAT(test.mapping().take_remarks(),
            ElementsAre("route t -> r: where \"typ\" = \"x\" has left out all of the first 1000 "
                        "messages; is the field or the value misspelt?"));
    (void)test.map(R"({"type":"x","v":1})");
    EXPECT_THAT(test.mapping().take_remarks(), IsEmpty());
    RowBatch batch;
    std::string payload = R"({"type":"x"})";
    const std::size_t size = payload.size();
    payload.resize(size + 64);
    mqtt::Message message;
    message.topic = "t";
    message.payload = std::string_view(payload).substr(0, size);
    EXPECT_EQ(test.mapping().map(message, 0, batch), 0U);
}

TEST(SeveralValues, are_several_readings) {
    MappingUnderTest test({route("t", "r", {field("v", {"v"}), field("s", "s", "text")})});
    const auto both = ElementsAre("r: v=1r s='\xC3\xA9'", "r: v=2r s='}{'");
    EXPECT_THAT(test.map("{\"v\":1,\"s\":\"\\u00e9\"}\n{\"v\":2,\"s\":\"}{\"}"), both);
    EXPECT_THAT(test.map("{\"v\":1,\"s\":\"\\u00e9\"}\r\n\r\n{\"v\":2,\"s\":\"}{\"}\r\n"), both);
    EXPECT_THAT(test.map("{\"v\":1,\"s\":\"\\u00e9\"}{\"v\":2,\"s\":\"}{\"}"), both);
    EXPECT_THAT(test.map("[{\"v\":1,\"s\":\"\\u00e9\"}] [{\"v\":2,\"s\":\"}{\"}]"), both);
    EXPECT_THAT(test.map("{\"v\":1}\n{\"w\":2}\n{\"v\":3}"),
            ElementsAre("r: v=1r s=null", HasSubstr("reading 1: none of"), "r: v=3r s=null"));
    MappingUnderTest inferred({route("t", "i")});
    EXPECT_THAT(
            inferred.map("{\"v\":1}\n{\"v\":2}"), ElementsAre(HasSubstr("v=1"), HasSubstr("v=2")));
    EXPECT_THAT(inferred.map("[1]{}").size(), 2U);
    MappingUnderTest numbers({route("t", "n", {at("v", {})})});
    config::Column bare = at("v", {});
    bare.type = "double";
    MappingUnderTest lines({route("t", "n", {bare})});
    EXPECT_THAT(lines.map("21.5\n22.5\n"), ElementsAre("n: v=21.5r", "n: v=22.5r"));
}

TEST(SeveralValues, have_rows_and_surroundings_of_their_own) {
    config::Route rows = route("t", "r", {field("v", {"v"}), field("d", "d", "text")});
    rows.rows = {"list"};
    MappingUnderTest test({rows});
    EXPECT_THAT(
            test.map(
                    R"({"d":"a","list":[{"v":1},{"v":2}]}{"list":[{"v":3}]}{"d":"c","list":{"v":4}})"),
            ElementsAre("r: v=1r d='a'", "r: v=2r d='a'", "r: v=3r d=null", "r: v=4r d='c'"));
}

TEST(SeveralValues, are_refused_together_when_one_is_no_json) {
    MappingUnderTest test({route("t", "r", {field("v", {"v"})})});
    EXPECT_THAT(test.map("{\"v\":1}\n{\"v\":nan}"),
            ElementsAre(HasSubstr("byte 13, in member \"v\": nan is no JSON; send null")));
    EXPECT_THAT(test.map("{\"v\":1} x"), ElementsAre(HasSubstr("byte 8: \"x\" follows")));
    EXPECT_THAT(test.map("1 2"), ElementsAre(HasSubstr("payload is not JSON")));
    EXPECT_THAT(test.map("{\"v\":1}\n5"), ElementsAre(HasSubstr("payload is not JSON")));
    EXPECT_THAT(test.map("{\"v\":1}{\"v\":"), ElementsAre(HasSubstr("payload is not JSON")));
    MappingUnderTest whole({route("t", "w", {part("payload", config::MessagePart::payload)})});
    EXPECT_THAT(whole.map_one("{}\n{}"), HasSubstr("payload is not JSON: it is several values"));
}

TEST(SeveralValues, are_found_by_brackets_and_lines) {
    EXPECT_THAT(
            json_values_of(" {\"a\":\"}\\\"{\"} [1] "), ElementsAre("{\"a\":\"}\\\"{\"}", "[1]"));
    EXPECT_THAT(json_values_of("1\n\n\"a b\"\r\nnull"), ElementsAre("1", "\"a b\"", "null"));
    for (const char* none : {"", " ", "{}", "1", "1 2", "{}1", "1\n{}", "{}}", "{}{", "{\"}{",
             "\"a\nb\"", "1,2\n3", "\"a\"b\n1", "nan\n1"}) {
        EXPECT_THAT(json_values_of(none), IsEmpty()) << none;
    }
}

TEST(CaptureOfTheRest, takes_what_follows_and_may_be_empty) {
    MappingUnderTest test(
            {route("a/{x}/{path...}", "r", {capture("x", "x"), capture("path", "path")})});
    EXPECT_EQ(test.map_one("", "a/b/c/d"), "r: x='b' path='c/d'");
    EXPECT_EQ(test.map_one("", "a/b/c"), "r: x='b' path='c'");
    EXPECT_EQ(test.map_one("", "a/b/"), "r: x='b' path=''");
    EXPECT_EQ(test.map_one("", "a/b"), "r: x='b' path=''");
    EXPECT_THAT(test.map("", "a"), IsEmpty());
    MappingUnderTest all({route("{path...}", "r", {capture("path", "path")})});
    EXPECT_EQ(all.map_one("", "x/y"), "r: path='x/y'");
    EXPECT_THAT(all.map("", "$SYS/x"), IsEmpty());
    EXPECT_THAT(compile_error({route("{path...}/x", "r")}), HasSubstr("is not a topic filter"));
    EXPECT_THAT(compile_error({route("a/{...}", "r")}), HasSubstr("is not a capture"));
    EXPECT_THAT(compile_error({route("{p}/{p...}", "r")}), HasSubstr("twice"));
}

TEST(EmptyRetainedMessage, is_a_delete_and_no_reading_of_a_route_that_reads_the_payload) {
    config::Column bare = part("v", config::MessagePart::payload);
    bare.type = "double";
    config::Column raw = part("p", config::MessagePart::payload);
    raw.type = "text";
    MappingUnderTest test({
        route("t", "declared", {field("v", {"v"})}),
        route("t", "inferred"),
        route("t", "whole", {part("p", config::MessagePart::payload)}),
        route("t", "number", {bare}),
        filtered(route("t", "filtered", {part("topic", config::MessagePart::topic)}), "a", true),
        route("t", "raw", {raw}),
    });
    test.message().retain = true;
    EXPECT_THAT(test.map(""), ElementsAre("raw: p=''"));
    EXPECT_EQ(test.mapping().deletes(), 1U);
    EXPECT_THAT(test.map(" ").size(), 6U);
    test.message().retain = false;
    EXPECT_THAT(test.map("").size(), 6U);
    EXPECT_EQ(test.mapping().deletes(), 1U);
}

TEST(UserName, is_a_column_or_null) {
    config::Column needed = part("needed", config::MessagePart::user);
    needed.missing = config::Missing::reject;
    config::Column other = part("other", config::MessagePart::user);
    other.default_value = "nobody";
    MappingUnderTest test({
        route("t", "r", {part("user", config::MessagePart::user), other}),
        route("t", "strict", {needed}),
    });
    test.message().user = "plant-7";
    EXPECT_THAT(test.map("1"),
            ElementsAre("r: user='plant-7' other='plant-7'", "strict: needed='plant-7'"));
    test.message().user = "";
    EXPECT_THAT(test.map("1"),
            ElementsAre("r: user=null other='nobody'", "strict refused: the user name is missing"));
}

TEST(ElseNull, stores_null_where_a_value_does_not_fit_and_counts_it) {
    config::Column lenient = field("v", {"v"});
    lenient.unfit = config::Unfit::null;
    config::Column id = capture("id", "id");
    id.type = "integer";
    id.unfit = config::Unfit::null;
    MappingUnderTest test({route("{id}", "r", {lenient, field("w", {"w"}), id})});
    EXPECT_EQ(test.map_one(R"({"v":"abc","w":1})", "7"), "r: v=null w=1r id=7");
    EXPECT_EQ(test.map_one(R"({"v":{},"w":1})", "x"), "r: v=null w=1r id=null");
    EXPECT_EQ(test.map_one(R"({"v":2})", "7"), "r: v=2r w=null id=7");
    EXPECT_THAT(test.map_one(R"({"v":"abc","w":"abc"})", "7"), HasSubstr("field \"w\""));
    EXPECT_THAT(test.mapping().take_remarks(),
            ElementsAre(HasSubstr("route {id} -> r: column v is NULL in 1 row because of values "
                                  "that do not fit, as else = \"null\" says; the last one: field "
                                  "\"v\": \"abc\" is not a number"),
                    HasSubstr("column id is NULL in 1 row")));
    for (int i = 0; i < 100; ++i) {
        (void)test.map(R"({"v":"abc","w":1})", "7");
    }
    EXPECT_THAT(test.mapping().take_remarks(),
            ElementsAre(HasSubstr("NULL in 10 rows"), HasSubstr("NULL in 100 rows")));
    EXPECT_TRUE(test.mapping().tables()[0]->columns[0].nullable);
}

TEST(ElseNull, is_not_for_a_column_of_the_key) {
    config::Column lenient = field("v", {"v"});
    lenient.unfit = config::Unfit::null;
    config::Route keyed = route("t", "r", {lenient});
    keyed.key = {"v"};
    EXPECT_THAT(
            compile_error({keyed}), HasSubstr("column \"v\" is in the key, which takes no NULL"));
}

TEST(AbsentField, is_said_once_after_a_thousand_readings_without_it) {
    MappingUnderTest test({route(
            "t", "r", {field("t", {"Temperature"}), field("h", {"hum"}), field("x", {"zzz"})})});
    for (int i = 0; i < 999; ++i) {
        (void)test.map(R"({"temperature":1,"hum":2})");
    }
    EXPECT_THAT(test.mapping().take_remarks(), IsEmpty());
    (void)test.map(R"({"temperature":1,"hum":2})");
    EXPECT_THAT(test.mapping().take_remarks(),
            ElementsAre(
                    "route t -> r: none of the last 1000 readings had field \"Temperature\", which "
                    "column t takes; the payload has \"temperature\", not \"Temperature\"",
                    "route t -> r: none of the last 1000 readings had field \"zzz\", which column "
                    "x takes; is it misspelt?"));
    for (int i = 0; i < 3'000; ++i) {
        (void)test.map(R"({"temperature":1,"hum":2})");
    }
    EXPECT_THAT(test.mapping().take_remarks(), IsEmpty());
}

TEST(AbsentField, is_not_said_of_one_that_comes_now_and_then) {
    MappingUnderTest test({route("t", "r", {field("a", {"a"}), field("b", {"b"})})});
    for (int i = 0; i < 5'000; ++i) {
        (void)test.map(i % 1'000 == 0 ? R"({"a":1,"b":null})" : R"({"a":1})");
    }
    EXPECT_THAT(test.mapping().take_remarks(), IsEmpty());
}

TEST(AbsentField, is_named_with_a_similar_one_when_the_reading_is_refused) {
    config::Column needed = field("t", {"Temperature"});
    needed.missing = config::Missing::reject;
    MappingUnderTest test({route("t", "r", {needed, field("h", {"h"})})});
    EXPECT_EQ(test.map_one(R"({"temperature":1})"),
            "r refused: none of the route's fields is there: the payload has \"temperature\", not "
            "\"Temperature\"");
    EXPECT_EQ(test.map_one(R"({"temprature":1,"h":1})"),
            "r refused: field \"Temperature\" is missing: the payload has \"temprature\", not "
            "\"Temperature\"");
}

}  // namespace
}  // namespace foz::mapping
