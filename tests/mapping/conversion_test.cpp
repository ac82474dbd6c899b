// SPDX-License-Identifier: Apache-2.0
// What each column type makes of each kind of value, good and bad.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/mapping/mapping_under_test.h"

namespace foz::mapping {
namespace {

using testing::HasSubstr;

struct ConversionCase {
    std::string type;
    std::string json;      // the value of field "v"
    std::string expected;  // the cell, or a part of the reason
};

class GoodConversion : public testing::TestWithParam<ConversionCase> {};
class BadConversion : public testing::TestWithParam<ConversionCase> {};

std::string map_value(const ConversionCase& each) {
    MappingUnderTest test({route("t", "r", {field("v", "v", each.type)})});
    return test.map_one(R"({"v":)" + each.json + "}");
}

TEST_P(GoodConversion, becomes_the_cell) {
    EXPECT_EQ(map_value(GetParam()), "r: v=" + GetParam().expected)
            << GetParam().type << " " << GetParam().json;
}

TEST_P(BadConversion, is_refused_and_the_reason_names_field_and_value) {
    const std::string item = map_value(GetParam());
    EXPECT_THAT(item, HasSubstr(R"(r refused: field "v": )")) << GetParam().type;
    EXPECT_THAT(item, HasSubstr(GetParam().expected)) << GetParam().type << " " << GetParam().json;
}

const ConversionCase kGood[] = {
    {"integer", "23", "23"},
    {"integer", "-0", "0"},
    {"integer", "23.0", "23"},
    {"integer", "2.5e1", "25"},
    {"integer", "100e-2", "1"},
    {"integer", "9223372036854775807", "9223372036854775807"},
    {"integer", "-9223372036854775808", "-9223372036854775808"},
    {"integer", "9007199254740993.0", "9007199254740993"},
    {"integer", "0e999999999999", "0"},
    {"integer", R"("42")", "42"},
    {"integer", R"(" +0042 ")", "42"},
    {"bytes", R"("AQL/")", "x'0102ff'"},
    {"bytes", R"("AP8=")", "x'00ff'"},
    {"bytes", R"("AP8")", "x'00ff'"},
    {"bytes", R"("-_8=")", "x'fbff'"},
    {"bytes", R"("")", "x''"},
    {"double", "23.5", "23.5r"},
    {"double", "23", "23r"},
    {"double", "-1.5e300", "-1.5e+300r"},
    {"double", R"("23.5")", "23.5r"},
    {"double", R"("  23.50\r\n")", "23.5r"},
    {"double", R"("+1")", "1r"},
    {"double", "23.1", "23.1r"},
    {"double", "9007199254740992", "9007199254740992r"},
    {"double", "-9007199254740994", "-9007199254740994r"},
    {"double", "18446744073709551616", "1.8446744073709552e+19r"},
    {"double", "1e23", "1e+23r"},
    {"double", "9.123456789012346e+18", "9.123456789012346e+18r"},
    {"double", "0.1000000000000000055511151231257827", "0.1r"},
    {"double", R"("00000000000000000000")", "0r"},
    {"decimal", "12.3400", "12.3400d"},
    {"decimal", "18446744073709551615", "18446744073709551615d"},
    {"decimal", "0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827d"},
    {"decimal", R"("+007.50")", "7.50d"},
    {"decimal", R"("-00")", "-0d"},
    {"text", R"("caf\u00e9 \"x\"")", "'caf\u00e9 \"x\"'"},
    {"text", "1.50", "'1.50'"},
    {"text", "true", "'true'"},
    {"text", R"({"a" : 1})", R"('{"a" : 1}')"},
    {"text", R"("")", "''"},
    {"text", R"("\\u0000")", R"('\u0000')"},
    {"boolean", "true", "true"},
    {"boolean", "0", "false"},
    {"boolean", "1.0", "true"},
    {"boolean", R"("ON")", "true"},
    {"boolean", R"("False")", "false"},
    {"json", R"([1, {"a": null}])", R"(json:[1, {"a": null}])"},
    {"json", "1e400", "json:1e400"},
    {"json", R"("\\u0000")", R"(json:"\\u0000")"},
    {"json", R"( "x" )", R"(json:"x")"},
    {"timestamp", R"("2022-08-01T10:00:00Z")", "2022-08-01 10:00:00.000000"},
};

const ConversionCase kBad[] = {
    {"bytes", R"("AQL")", "is not base64"},  // two bits too many
    {"bytes", R"("A")", "is not base64"},
    {"bytes", R"("AQ=")", "is not base64"},
    {"bytes", R"("====")", "is not base64"},
    {"bytes", R"("A Q=")", "is not base64"},
    {"bytes", "[1, 2]", "an array cannot become a bytes"},
    {"bytes", "12", "is a number, not text"},
    {"bytes", "true", "is not text"},
    {"double", "9007199254740993", "cannot hold 9007199254740993 exactly"},
    {"double", "-9007199254740993", "declare the column's type integer"},
    {"double", R"("9007199254740993")", "declare the column's type integer"},
    {"double", "9007199254740993.0", "declare the column's type integer"},
    {"double", "9.007199254740993e15", "declare the column's type integer"},
    {"double", "18446744073709551615", "declare the column's type decimal"},
    {"double", "100000000000000000000000", "declare the column's type decimal"},
    {"integer", "23.5", "23.5 is not a whole number"},
    {"integer", "1e-1", "1e-1 is not a whole number"},
    {"integer", "9223372036854775808",
        "9223372036854775808 does not fit in 64 bits; a decimal column takes it"},
    {"integer", "-9223372036854775809", "does not fit in 64 bits"},
    {"integer", "1e19", "does not fit in 64 bits"},
    {"integer", "1e99999999999999999999", "does not fit in 64 bits"},
    {"integer", "true", "true is not a number"},
    {"integer", R"("")", R"("" is not a number)"},
    {"integer", R"("0x10")", R"("0x10" is not a number)"},
    {"integer", "[1]", "an array cannot become a integer"},
    {"double", R"("NaN")", R"("NaN" is not a number)"},
    {"double", R"("inf")", R"("inf" is not a number)"},
    {"double", R"("23,5")", R"("23,5" is not a number)"},
    {"double", "1e400", "1e400 is out of the range of a double"},
    {"double", R"({"a":1})", "an object cannot become a double"},
    {"double", R"("an error message that is far too long to be shown")",
        R"("an error message that is far too long to..." is)"},
    {"decimal", R"("12.")", "is not a number"},
    {"text", R"("a\u0000b")", R"("a?b" holds the character U+0000)"},
    {"boolean", "2", "2 is not true, false, 0 or 1"},
    {"boolean", R"("maybe")", R"("maybe" is not true, false, on, off, 0 or 1)"},
    {"json", R"({"a":["\u0000"]})", "the JSON holds the character U+0000"},
    {"json", R"({"\u0000":1})", "the JSON holds the character U+0000"},
    {"timestamp", "1659348000", "whose unit is unknown; declare the column's unit"},
    {"timestamp", "true", "true is not a time"},
    {"timestamp", R"("tomorrow")", R"("tomorrow" is not a time in a known form)"},
};

INSTANTIATE_TEST_SUITE_P(EachType, GoodConversion, testing::ValuesIn(kGood));
INSTANTIATE_TEST_SUITE_P(EachType, BadConversion, testing::ValuesIn(kBad));

TEST(Bytes, are_of_the_encoding_that_is_declared) {
    config::Column column = field("v", "v", "bytes");
    column.encoding = config::BytesEncoding::hex;
    MappingUnderTest hex({route("t", "r", {column})});
    EXPECT_EQ(hex.map_one(R"({"v": "00fF"})"), "r: v=x'00ff'");
    EXPECT_EQ(hex.map_one(R"({"v": "0x00ff"})"), "r: v=x'00ff'");
    EXPECT_THAT(hex.map_one(R"({"v": "00f"})"), HasSubstr("\"00f\" is not hex"));
    EXPECT_THAT(hex.map_one(R"({"v": "0g"})"), HasSubstr("is not hex"));
    column.encoding = config::BytesEncoding::text;
    MappingUnderTest text({route("t", "r", {column})});
    EXPECT_EQ(text.map_one(R"({"v": "a\u0000"})"), "r: v=x'6100'");
}

TEST(Bytes, of_the_payload_are_whatever_was_published) {
    config::Column column;
    column.name = "frame";
    column.source = config::MessageSource{config::MessagePart::payload};
    column.type = "bytes";
    MappingUnderTest test({route("t", "r", {column})});
    EXPECT_EQ(test.map_one(std::string_view("\x00\xFF{", 3)), "r: frame=x'00ff7b'");
    EXPECT_EQ(test.map_one(""), "r: frame=x''");
    column.encoding = config::BytesEncoding::base64;
    MappingUnderTest base64({route("t", "r", {column})});
    EXPECT_EQ(base64.map_one("AP8="), "r: frame=x'00ff'");
}

}  // namespace
}  // namespace foz::mapping
