// SPDX-License-Identifier: Apache-2.0
// Configurations that cannot be used: each is refused with its place and what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mapping/topic_pattern.h"
#include "tests/mapping/mapping_under_test.h"

namespace foz::mapping {
namespace {

using testing::AllOf;
using testing::HasSubstr;

config::Place line(std::uint32_t number) {
    return {"foz.toml", number};
}

std::string error_of(config::Column column) {
    column.place = line(14);
    return compile_error({route("s/{device}", "r", {std::move(column)})});
}

TEST(MappingErrors, names_place_and_column_of_what_cannot_be) {
    EXPECT_EQ(error_of(field("v", "v", "doubel")),
            R"(foz.toml:14: column "v": unknown type "doubel"; did you mean "double"?)");
    EXPECT_THAT(error_of(capture("v", "devise")),
            HasSubstr(R"(captures nothing called {devise}; did you mean "device"?)"));
    EXPECT_THAT(error_of(field("ctid", {"v"})), HasSubstr("PostgreSQL keeps this name for itself"));
    EXPECT_THAT(error_of(field("", {"v"})), HasSubstr("the name is empty"));
    EXPECT_THAT(
            error_of(field(std::string(64, 'n'), {"v"})), HasSubstr("the name has over 63 bytes"));

    config::Column zone = field("v", "v", "timestamp");
    zone.zone = "America/Sao_Paolo";
    EXPECT_THAT(error_of(zone), HasSubstr(R"(did you mean "America/Sao_Paulo"?)"));
    zone.type = "integer";
    EXPECT_THAT(error_of(zone), HasSubstr("zone, unit and format belong to a timestamp"));

    config::Column letters = field("v", "v", "timestamp");
    letters.format = "%d/%m/%Y %H:%M %Z";
    EXPECT_THAT(error_of(letters), HasSubstr("has %Z"));
    EXPECT_THAT(error_of(letters), HasSubstr("column \"v\""));

    config::Column received = part("v", config::MessagePart::received);
    received.type = "text";
    EXPECT_THAT(error_of(received), HasSubstr("the time of receipt is a timestamp"));
    config::Column topic = part("v", config::MessagePart::topic);
    topic.type = "json";
    EXPECT_THAT(error_of(topic), HasSubstr("the topic is not JSON"));

    config::Column defaulted = field("v", {"v"});
    defaulted.default_value = std::string("none");
    EXPECT_THAT(error_of(defaulted),
            HasSubstr(R"(the default does not fit its type double: "none" is not a number)"));
    defaulted.type = "json";
    EXPECT_THAT(error_of(defaulted), HasSubstr(R"(the default "none" is not JSON)"));
}

TEST(MappingErrors, names_the_place_of_a_route_that_cannot_be) {
    const auto error_of_route = [](config::Route bad) {
        bad.place = line(3);
        return compile_error({std::move(bad)});
    };
    EXPECT_EQ(error_of_route(route("a/#/b", "r")),
            R"(foz.toml:3: "a/#/b" is not a topic filter: "+" and "{name}" stand alone in a level, "#" and "{name...}" alone in the last one)");
    EXPECT_THAT(error_of_route(route("a/x{b}", "r")), HasSubstr("is not a capture"));
    EXPECT_THAT(error_of_route(route("{a}/{a}", "r")), HasSubstr("captures {a} twice"));
    EXPECT_THAT(error_of_route(route("$share/g/a", "r")), HasSubstr("is not a topic filter"));
    EXPECT_THAT(error_of_route(route("a", "")), HasSubstr("is not a table's name"));
    EXPECT_THAT(error_of_route(route("a", "x.y.z")), HasSubstr("TABLE or SCHEMA.TABLE"));
    EXPECT_THAT(error_of_route(route("a", "Foz_cursor")), HasSubstr("are foz's own"));
    EXPECT_THAT(error_of_route(route("a", "r", {field("x", {"x"}), field("X", {"y"})})),
            HasSubstr("the same to a database"));
    config::Route keyed = route("a", "r", {field("temp", {"x"})});
    keyed.key = {"tmp"};
    EXPECT_THAT(error_of_route(keyed),
            HasSubstr(
                    R"(key names column "tmp", which the route does not have; did you mean "temp"?)"));
    keyed.columns.clear();
    EXPECT_THAT(error_of_route(keyed),
            HasSubstr("a table without declared columns has not from the start"));
}

TEST(MappingErrors, names_both_routes_that_want_one_table_with_different_columns) {
    config::Route first = route("a", "r", {field("x", {"x"})});
    first.place = line(3);
    config::Route second = route("b", "r", {field("x", "x", "text")});
    second.place = line(9);
    EXPECT_EQ(compile_error({first, second}),
            R"(foz.toml:9: the route for "b" fills table r with (x text), but the route for "a" (foz.toml:3) fills it )"
            R"(with (x double))");
    second.columns.clear();
    EXPECT_THAT(compile_error({first, second}),
            AllOf(HasSubstr("follow the payload"), HasSubstr("foz.toml:3")));
    EXPECT_THAT(compile_error({second, first}),
            AllOf(HasSubstr("follow the payload"), HasSubstr("foz.toml:9")));
}

TEST(MappingErrors, does_not_take_two_routes_of_one_name) {
    config::Route first = route("a", "r");
    first.name = "mine";
    EXPECT_THAT(compile_error({first, first}), HasSubstr(R"(another route is called "mine" too)"));
}

TEST(TopicPattern, matches_as_a_filter_does_and_captures) {
    struct Case {
        std::string pattern;
        std::string topic;
        std::string expected;  // "no", or the captures, each behind a space
    };
    const Case cases[] = {
        {"a/b", "a/b", ""},
        {"a/b", "a/b/c", "no"},
        {"a/b", "a", "no"},
        {"a/+", "a/", ""},
        {"a/+", "a", "no"},
        {"a/#", "a", ""},
        {"a/#", "a/b/c", ""},
        {"#", "a/b", ""},
        {"#", "$SYS/x", "no"},
        {"+/x", "$SYS/x", "no"},
        {"{n}/x", "$SYS/x", "no"},
        {"$SYS/{n}", "$SYS/x", " x"},
        {"s/{a}/{b}/#", "s/1/2/3/4", " 1 2"},
        {"s/{a}/+/{b}", "s/1/2/3", " 1 3"},
        {"{a}", "", " "},
        {"{a}/b", "/b", " "},
        {"{a}/b", "x/c", "no"},
    };
    for (const Case& each : cases) {
        const auto pattern = TopicPattern::compile(each.pattern);
        ASSERT_TRUE(pattern) << each.pattern;
        std::vector<CapturedLevel> captured;
        std::string found = pattern->match(each.topic, captured) ? "" : "no";
        for (const CapturedLevel& level : captured) {
            found.append(" ").append(level.of(each.topic));
        }
        EXPECT_EQ(found, each.expected) << each.pattern << " on " << each.topic;
    }
}

}  // namespace
}  // namespace foz::mapping
