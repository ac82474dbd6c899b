// SPDX-License-Identifier: Apache-2.0
// Payloads that are broken, by accident or on purpose: each must become a row or a refused reading.
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "mapping/json_document.h"
#include "tests/mapping/mapping_under_test.h"

namespace foz::mapping {
namespace {

using testing::HasSubstr;

std::string refusal_of(std::string_view payload) {
    MappingUnderTest test(
            {route("t", "messages", {part("payload", config::MessagePart::payload)})});
    return test.map_one(payload);
}

TEST(HostilePayload, is_refused_with_the_reason_when_it_is_not_json) {
    for (const char* payload : {"{", "}", "[", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "[1,]", "[1 2]",
             "{\"a\" 1}", "{a:1}", "{'a':1}", "nul", "nullx", "truefalse", "01", "1.", ".5", "-",
             "+1", "1e", "0x1", "NaN", "Infinity", "\"", "\"\\x\"", "\"\\ud800\"", "\"a\nb\"",
             "{} {}", "[\"a\":1]", "[1:2]", "[{}:1]", "{\"a\":\"b\":1}", "[] x", "1 2",
             "\"a\" \"b\"", "\"a\"b", "{\"a\":\"b\"c}", "[\"\\u12\"]"}) {
        EXPECT_THAT(refusal_of(payload), HasSubstr("messages refused: payload is not JSON: "))
                << payload;
    }
    EXPECT_EQ(refusal_of(""), "messages refused: payload is not JSON: it is empty");
    EXPECT_EQ(refusal_of(" \n"), "messages refused: payload is not JSON: it is empty");
}

TEST(HostilePayload, is_refused_at_the_byte_that_is_not_utf8) {
    EXPECT_THAT(refusal_of("{\"a\":\"\xc3\xa9\xff\"}"),
            HasSubstr("messages refused: payload is not UTF-8 at byte 8, in member \"a\": 0xFF"));
    EXPECT_THAT(refusal_of("\"\xed\xa0\x80\""),
            HasSubstr("messages refused: payload is not UTF-8 at byte 1: 0xED"));
}

TEST(HostilePayload, may_be_nested_to_the_limit_and_no_deeper) {
    const auto nested = [](std::size_t levels) {
        return std::string(levels, '[') + std::string(levels, ']');
    };
    EXPECT_THAT(refusal_of(nested(kJsonDepthMax)), HasSubstr("messages: payload=json:[["));
    const std::string refused = "messages refused: payload is nested deeper than 64 levels";
    EXPECT_EQ(refusal_of(nested(kJsonDepthMax + 1)), refused);
    EXPECT_EQ(refusal_of(nested(100'000)), refused);
}

TEST(HostilePayload, may_not_have_more_values_than_the_limit) {
    std::string payload = "[0";
    for (std::size_t i = 0; i < kJsonValuesMax; ++i) {
        payload += ",0";
    }
    EXPECT_EQ(refusal_of(payload + "]"),
            "messages refused: payload has more than 1000000 JSON values");
    EXPECT_THAT(refusal_of("1"), HasSubstr("payload=json:1"));
}

TEST(HostilePayload, cannot_become_sql) {
    MappingUnderTest test({route("t", "r", {field("v", "v", "text")})});
    EXPECT_EQ(test.map_one(R"({"v":"'); DROP TABLE r; --"})"), "r: v=''); DROP TABLE r; --'");
}

/// Bytes of a valid payload replaced, removed, doubled or swapped.
std::string mutated(std::string payload, std::mt19937& random) {
    constexpr std::string_view kBytes = "{}[]\",:\\u0019e.-+ \t\ntrfnx\xc3\xff";
    const auto below = [&](std::size_t end) { return random() % end; };
    for (std::size_t changes = 1 + below(4); changes > 0 && !payload.empty(); --changes) {
        const std::size_t at = below(payload.size());
        switch (below(5)) {
            case 0: payload[at] = kBytes[below(kBytes.size())]; break;
            case 1: payload.erase(at, 1 + below(3)); break;
            case 2: payload.insert(at, 1, kBytes[below(kBytes.size())]); break;
            case 3: payload.insert(at, payload.substr(at, below(10))); break;
            default: std::swap(payload[at], payload[below(payload.size())]); break;
        }
    }
    return payload;
}

constexpr std::string_view kPayloads[] = {
    R"({"Temperature": 23.5, "Data Hora": "2022-08-01 10:00:00"})",
    R"([{"a":1,"b":{"c":[1,2,{"d":null}]}},{"a":-2.5e3,"b":"caf\u00e9\n"}])",
    R"({"device":"x","readings":[{"t":1},{"t":"2"},{}],"ok":true,"n":null})",
    R"("plain \ud83d\ude00 text")",
    "18446744073709551616",
};

TEST(HostilePayload, is_json_to_foz_exactly_if_it_is_json_to_simdjson) {
    const std::uint32_t seed = std::random_device()();
    std::mt19937 random(seed);
    JsonDocument document;
    for (int i = 0; i < 60'000; ++i) {
        const std::string payload =
                mutated(std::string(kPayloads[random() % std::size(kPayloads)]), random);
        const simdjson::padded_string padded(payload);
        simdjson::dom::parser reference;
        const auto expected = reference.parse(padded).error();
        // Its DOM has no room for integers of more than 64 bits and doubles beyond their range.
        const std::string why = simdjson::error_message(expected);
        if (expected == simdjson::NUMBER_ERROR || why.contains("BIGINT_ERROR")) continue;
        ASSERT_EQ(document.parse({padded.data(), padded.size()}).has_value(),
                expected == simdjson::SUCCESS)
                << payload << " seed " << seed;
    }
}

TEST(HostilePayload, never_disappears) {
    config::Route nested =
            route("#", "nested", {field("t", {"t"}), field("device", "device", "text")});
    nested.rows = {"readings"};
    config::Route climate = temperature_route();
    climate.topic = "{device}";
    MappingUnderTest test({
        climate,
        nested,
        route("+", "inferred"),
        route("#", "messages", {part("payload", config::MessagePart::payload)}),
    });
    const std::uint32_t seed = std::random_device()();
    std::mt19937 random(seed);
    for (int i = 0; i < 10'000; ++i) {
        const std::string payload =
                mutated(std::string(kPayloads[random() % std::size(kPayloads)]), random);
        (void)test.map(payload);
        std::vector<int> items(4, 0);
        for (const Row& row : test.batch().rows()) {
            ++items[row.route];
        }
        for (const Rejection& rejection : test.batch().rejections()) {
            ++items[rejection.route];
            ASSERT_FALSE(rejection.reason.empty());
        }
        for (const int count : items) {
            ASSERT_GE(count, 1) << payload << " seed " << seed;
        }
    }
}

}  // namespace
}  // namespace foz::mapping
