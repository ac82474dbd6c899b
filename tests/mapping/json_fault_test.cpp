// SPDX-License-Identifier: Apache-2.0
// What a person reads about a payload that is not JSON: which byte, which member, what to do.
#include "mapping/json_fault.h"

#include <algorithm>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "tests/mapping/mapping_under_test.h"

namespace foz::mapping {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using namespace std::string_literals;

std::string fault_of(std::string_view payload) {
    return explain_json_fault(payload, JsonValues::one).value_or("none");
}

TEST(JsonFault, names_the_member_and_the_byte_of_a_word_that_is_no_json) {
    EXPECT_EQ(fault_of(R"({"id":7, "temp":nan})"),
            R"(payload is not JSON: byte 16, in member "temp": nan is no JSON; send null)");
    for (const char* word : {"NaN", "-nan", "Infinity", "-Infinity", "inf", "None", "undefined"}) {
        EXPECT_EQ(fault_of(fmt::format(R"({{"temp":{}}})", word)),
                fmt::format(
                        R"(payload is not JSON: byte 8, in member "temp": {} is no JSON; send null)",
                        word));
    }
    EXPECT_THAT(fault_of(R"({"on":True})"), HasSubstr("True is no JSON; send true"));
    EXPECT_THAT(
            fault_of(R"([{"a":[1,{"b":nan}]}])"), HasSubstr(R"(byte 14, in member "[0].a[1].b")"));
    EXPECT_THAT(fault_of(R"({"s":'x'})"), HasSubstr("texts stand in double quotes"));
    EXPECT_THAT(fault_of(R"({"s":on})"), HasSubstr("on is no number, true, false or null"));
    EXPECT_THAT(fault_of("hello"), StartsWith("payload is not JSON: byte 0: hello is no number"));
    for (const char* number : {"+1", ".5", "01", "1.", "1e", "0x1F", "-", "21C", "1.2.3"}) {
        EXPECT_THAT(fault_of(fmt::format(R"({{"v":{}}})", number)),
                StartsWith(fmt::format(
                        R"(payload is not JSON: byte 5, in member "v": {} is no number)", number)));
    }
}

TEST(JsonFault, names_the_comma_colon_or_bracket) {
    EXPECT_EQ(fault_of(R"({"a":1,"b":2,})"),
            R"(payload is not JSON: byte 12, after member "b": a comma with no member behind it; take it out)");
    EXPECT_THAT(
            fault_of("[1,2,]"), HasSubstr("byte 4, in member \"[2]\": a comma with no element"));
    EXPECT_EQ(fault_of(R"({"a":1 "b":2})"),
            R"(payload is not JSON: byte 7, after member "a": a comma is missing before "b")");
    EXPECT_THAT(
            fault_of(R"({"temp":21,5})"), HasSubstr(R"(byte 10, after member "temp": a comma in)"));
    EXPECT_THAT(
            fault_of(R"({"a":,"b":1})"), HasSubstr(R"(byte 5, in member "a": a value is missing)"));
    EXPECT_THAT(fault_of(R"({"a" 1})"), HasSubstr(R"(byte 5, in member "a": a colon is missing)"));
    EXPECT_THAT(
            fault_of("{a:1}"), HasSubstr("byte 1: a key in double quotes is missing before \"a\""));
    EXPECT_THAT(fault_of(R"({"b":{x}})"), HasSubstr(R"(byte 6, in member "b": a key in double)"));
    EXPECT_THAT(fault_of(R"({"a":[1})"), HasSubstr(R"("}" where "]" is missing)"));
    EXPECT_THAT(fault_of(R"({"a":{"b":1)"),
            HasSubstr(R"(byte 11, after member "a.b": the payload ends)"));
    EXPECT_THAT(fault_of(R"({"a":"b)"), HasSubstr(R"(byte 5, in member "a": a text begins here)"));
    EXPECT_THAT(fault_of(R"({"a":1} x)"), HasSubstr("byte 8: \"x\" follows the JSON value"));
    EXPECT_THAT(fault_of("{\"a\":1} // t"), HasSubstr("byte 8"));
}

TEST(JsonFault, names_what_is_no_utf8_text) {
    EXPECT_THAT(fault_of("{\"a\":1}\0\0"s), HasSubstr("byte 7: a NUL byte (0x00) follows"));
    EXPECT_THAT(fault_of("{\"a\":\"x\0y\"}"s), HasSubstr("byte 7, in member \"a\": a NUL byte"));
    EXPECT_THAT(fault_of("{\"a\":\0}"s), HasSubstr("byte 5, in member \"a\": a NUL byte"));
    EXPECT_THAT(fault_of("{\"a\":\"x\ny\"}"),
            HasSubstr("control character 0x0A in a text; write it as \\u000a"));
    EXPECT_EQ(fault_of("{\"unit\":\"\xB0"
                       "C\"}"),
            "payload is not UTF-8 at byte 9, in member \"unit\": 0xB0 is no character there; is it "
            "Latin-1? Have the device send UTF-8");
    EXPECT_THAT(fault_of("{\"gr\xF6\xDF"
                         "e\":1}"),
            HasSubstr("payload is not UTF-8 at byte 4"));
    EXPECT_THAT(
            fault_of("{\0\"\0a\0"s), HasSubstr("byte 1 is 0x00: the payload looks like UTF-16"));
    EXPECT_THAT(fault_of("\0{\0\""s), HasSubstr("byte 0 is 0x00: the payload looks like UTF-16"));
    EXPECT_THAT(
            fault_of("\xFF\xFE{\0"s), HasSubstr("byte 0 is 0xFF: the payload looks like UTF-16"));
    EXPECT_THAT(fault_of("\xFE\xFF\0{"s), HasSubstr("looks like UTF-16"));
    EXPECT_THAT(fault_of(R"({"a":"\x"})"), HasSubstr("an escape sequence that does not exist"));
    EXPECT_THAT(fault_of(R"({"a":"\ud800x"})"), HasSubstr("half a surrogate pair, \\ud800"));
}

TEST(JsonFault, counts_bytes_behind_a_byte_order_mark_which_is_accepted) {
    EXPECT_THAT(fault_of("\xEF\xBB\xBF{\"a\":nan}"), HasSubstr("byte 8, in member \"a\": nan"));
    MappingUnderTest declared({route("t", "r", {field("a", {"a"})})});
    EXPECT_EQ(declared.map_one("\xEF\xBB\xBF{\"a\":1.5}"), "r: a=1.5r");
    MappingUnderTest inferred({route("t", "r")});
    EXPECT_THAT(inferred.map_one("\xEF\xBB\xBF{\"a\":1.5}"), HasSubstr("a=1.5"));
    EXPECT_THAT(declared.map_one("\xEF\xBB\xBF"), HasSubstr("it is empty"));
}

TEST(JsonFault, shows_keys_of_strangers_short_and_without_control_characters) {
    const std::string key(10'000, 'k');
    std::string deep;
    for (int i = 0; i < 60; ++i) {
        deep += "{\"\x7f" + key + "\":";
    }
    const std::string fault = fault_of(deep + "nan");
    EXPECT_LT(fault.size(), 600);
    EXPECT_EQ(fault.find('\x7f'), std::string::npos);
    EXPECT_LT(fault_of("{\"a\":" + std::string(100'000, 'x') + "}").size(), 300);
}

/// Pieces of JSON, and of what devices take for it, in any order.
std::string random_payload(std::mt19937& random) {
    static constexpr std::string_view kPieces[] = {
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b\":",
        "1",
        "-2.5e3",
        "nan",
        "null",
        "true",
        "\"",
        "\\",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\\ud800",
        " ",
        "\n",
        "\xC3\xA9",
        "\xB0",
        "{\"a\":1}",
        "[1,2]",
        "+",
        "'",
    };
    std::string payload;
    for (std::size_t count = random() % 12; count > 0; --count) {
        const std::size_t piece = random() % (std::size(kPieces) + 1);
        payload += piece < std::size(kPieces) ? kPieces[piece] : std::string_view("\0", 1);
    }
    return payload;
}

TEST(JsonFault, is_found_exactly_where_there_is_no_json) {
    const std::uint32_t seed = std::random_device()();
    std::mt19937 random(seed);
    simdjson::dom::parser reference;
    for (int i = 0; i < 100'000; ++i) {
        const std::string payload = random_payload(random);
        const auto expected = reference.parse(simdjson::padded_string(payload)).error();
        // Its DOM has no room for integers of more than 64 bits and doubles beyond their range.
        if (expected == simdjson::NUMBER_ERROR) continue;
        const auto fault = explain_json_fault(payload, JsonValues::one);
        ASSERT_EQ(!fault, expected == simdjson::SUCCESS) << payload << " seed " << seed;
        if (!fault) continue;
        ASSERT_LT(fault->size(), 600) << payload << " seed " << seed;
        ASSERT_TRUE(std::ranges::none_of(
                *fault, [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
                << payload << " seed " << seed;
    }
}

}  // namespace
}  // namespace foz::mapping
