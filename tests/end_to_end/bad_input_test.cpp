// SPDX-License-Identifier: Apache-2.0
// What devices send when they are broken or hostile: it becomes a dead letter with a reason, or is
// stored as it is; the good readings before and after it are stored, and it adds up.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/postgres_server.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

const std::string kRoute = R"(
[[route]]
topic = "sensors/{device}"
table = "readings"
key = ["device", "dh"]
[route.columns]
device = { capture = "device" }
client = { message = "client_id" }
temp = { field = "temp", type = "double" }
dh = { field = "dh", type = "timestamp" }
note = { field = "note", type = "text" }
count = { field = "count", type = "integer" }
)";

const std::string kInjection = "'); DROP TABLE readings; --";

struct BadPayload {
    const char* name;
    std::string payload;
    const char* reason;  // part of it
};

/// For gtest, which else prints its bytes, addresses and all, into the test's name for ctest.
void PrintTo(const BadPayload& bad, std::ostream* stream) {
    *stream << bad.name;
}

std::string with(std::string_view members) {
    return fmt::format(R"({{"temp": 1, "dh": "2022-08-01 12:00:00", {}}})", members);
}

std::string nested(std::size_t levels) {
    return with("\"note\": " + std::string(levels, '[') + std::string(levels, ']'));
}

const std::vector<BadPayload>& bad_payloads() {
    static const std::vector<BadPayload> payloads = {
        {"NotJson", "temp=23.5", "JSON"},
        {"Empty", "", "JSON"},
        {"CutOff", R"({"temp": 23.5, "dh": "2022-)", "JSON"},
        {"TooDeep", nested(100), "deep"},
        {"VeryDeep", nested(100'000), "deep"},
        {"NotUtf8", with("\"note\": \"caf\xe9\""), "UTF-8"},
        {"SurrogateAlone", with(R"("note": "\ud800")"), "JSON"},
        {"DoubleOutOfRange", R"({"temp": 1e400, "dh": "2022-08-01 12:00:00"})", "1e400"},
        {"IntegerOutOfRange", with(R"("count": 9223372036854775808)"), "9223372036854775808"},
        {"FractionForAnInteger", with(R"("count": 1.5)"), "1.5"},
        {"NotANumber", R"({"temp": "NaN", "dh": "2022-08-01 12:00:00"})", "NaN"},
        {"NulCharacter", with(R"("note": "a\u0000b")"), "U+0000"},
        {"NulByte", std::string("{\"temp\": 1\0}", 12), "JSON"},
        {"TimeInNoKnownForm", R"({"temp": 1, "dh": "yesterday at noon"})", "yesterday at noon"},
        {"TimeThatDoesNotExist", R"({"temp": 1, "dh": "2022-02-30 10:00:00"})", "2022-02-30"},
        {"TimeAsANumberWithoutAUnit", R"({"temp": 1, "dh": 1659348000})", "unit"},
        {"NoKey", R"({"temp": 1})", "dh"},
    };
    return payloads;
}

class BadPayloadTest : public testing::TestWithParam<BadPayload> {};

TEST_P(BadPayloadTest, BecomesADeadLetterWithTheReasonAndHarmsNoOther) {
    FozUnderTest foz;
    foz.configure(kRoute);
    foz.start();
    Publisher device(foz.port());
    ASSERT_TRUE(device.publish("sensors/a", reading(1, "2022-08-01 10:00:00")));
    ASSERT_TRUE(device.publish("sensors/a", GetParam().payload));
    ASSERT_TRUE(device.publish("sensors/a", reading(2, "2022-08-01 11:00:00")));
    ASSERT_EQ(foz.stop(), 0) << foz.log();
    EXPECT_EQ(foz.query("SELECT temp FROM readings ORDER BY dh"), "1.0\n2.0");
    EXPECT_EQ(foz.query("SELECT count(*) FROM dead_letters", "state.db"), "1");
    EXPECT_NE(foz.dead_reasons().find(GetParam().reason), std::string::npos) << foz.dead_reasons();
    EXPECT_LT(foz.dead_reasons().size(), 500U);
    EXPECT_EQ(foz.query("SELECT payload FROM dead_letters", "state.db"), GetParam().payload);
    const Outcome verified = foz.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;
}

INSTANTIATE_TEST_SUITE_P(Sqlite, BadPayloadTest, testing::ValuesIn(bad_payloads()),
        [](const auto& bad) { return std::string(bad.param.name); });

TEST(BadInput, AnSqlInjectionInTopicClientIdAndPayloadIsStoredAsTheTextItIs) {
    FozUnderTest foz;
    foz.configure(kRoute);
    foz.start();
    foz.publish("sensors/" + kInjection, with("\"note\": \"" + kInjection + "\""), kInjection);
    foz.publish("sensors/good", reading(1));
    ASSERT_EQ(foz.stop(), 0) << foz.log();
    EXPECT_EQ(
            foz.query("SELECT device, client, note FROM readings ORDER BY temp, note DESC LIMIT 1"),
            kInjection + "|" + kInjection + "|" + kInjection);
    EXPECT_EQ(foz.query("SELECT count(*) FROM readings"), "2");
    EXPECT_EQ(foz.run_configured({"verify"}).exit_code, 0);
}

TEST(BadInput, AnSqlInjectionAsAFieldNameOfAnInferredTableIsAColumnNameWithoutIt) {
    FozUnderTest foz;
    foz.configure("[[route]]\ntopic = \"sensors/{device}\"\ntable = \"readings\"\n");
    foz.start();
    foz.publish("sensors/a", R"({"x\" TEXT); DROP TABLE readings; --": 1})");
    foz.publish("sensors/a", R"({"temp": 2})");
    ASSERT_EQ(foz.stop(), 0) << foz.log();
    EXPECT_EQ(foz.query("SELECT count(*) FROM readings"), "2") << foz.log();
    EXPECT_EQ(foz.run_configured({"verify"}).exit_code, 0);
}

TEST(BadInput, WhatPostgresRefusesBecomesADeadLetterWithItsCode) {
    support::PostgresServer server;
    server.start();
    server.query(
            "CREATE TABLE readings (device text, client text, temp real, dh timestamptz, note "
            "varchar(5), count smallint CHECK (count <> 13), PRIMARY KEY (device, dh))");
    FozUnderTest foz;
    foz.configure(fmt::format("[database.warehouse]\nurl = \"{}\"\n{}", server.url(), kRoute));
    foz.start();
    Publisher device(foz.port());
    const std::vector<std::pair<std::string, std::string>> bad = {
        {with(R"("note": "longer than five")"), "22001"},              // text too long
        {with(R"("count": 40000)"), "40000"},                          // beyond smallint
        {with(R"("count": 13)"), "23514"},                             // the CHECK
        {R"({"temp": 1e300, "dh": "2022-08-01 12:00:00"})", "22003"},  // beyond real
        {with(R"("note": "\u0000")"), "U+0000"},
        {R"({"temp": 1, "dh": "never"})", "never"},
        {with("\"note\": \"\xff\""), "UTF-8"},
    };
    for (std::size_t i = 0; i < bad.size(); ++i) {
        ASSERT_TRUE(
                device.publish("sensors/a", reading(1, fmt::format("2022-08-01 10:00:0{}", i))));
        ASSERT_TRUE(device.publish("sensors/a", bad[i].first));
    }
    foz.publish("sensors/" + kInjection, with(R"("note": "'); D")"), kInjection);
    EXPECT_TRUE(foz.dead_letters_become(bad.size())) << foz.dead_reasons() << foz.log();
    ASSERT_EQ(foz.stop(), 0) << foz.log();
    EXPECT_EQ(server.query("SELECT count(*) FROM readings"), std::to_string(bad.size() + 1));
    EXPECT_EQ(server.query("SELECT client FROM readings WHERE note IS NOT NULL"), kInjection);
    for (std::size_t i = 0; i < bad.size(); ++i) {
        const std::string said =
                foz.query(fmt::format("SELECT reason || ' [' || code || ']' FROM dead_letters "
                                      "ORDER BY position LIMIT 1 OFFSET {}",
                                  i),
                        "state.db");
        EXPECT_NE(said.find(bad[i].second), std::string::npos) << bad[i].first << ": " << said;
    }
    const Outcome verified = foz.run_configured({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified;

    server.query("ALTER TABLE readings ALTER note TYPE text");
    const Outcome replayed = foz.run_configured({"dead", "replay", "--reason", "22001"});
    EXPECT_TRUE(replayed.says("1 stored, 0 duplicate, 0 still dead")) << replayed;
    EXPECT_EQ(foz.run_configured({"verify"}).exit_code, 0);
}

class BadTopic : public testing::Test {
  protected:
    void expect_only_that_connection_ends(const std::string& topic) {
        foz_.configure(kRoute);
        foz_.start();
        Publisher other(foz_.port(), "other");
        ASSERT_TRUE(other.publish("sensors/a", reading(1, "2022-08-01 10:00:00")));
        Publisher bad(foz_.port(), "bad");
        EXPECT_FALSE(bad.publish(topic, reading(3)));
        EXPECT_TRUE(other.publish("sensors/a", reading(2, "2022-08-01 11:00:00")));
        ASSERT_EQ(foz_.stop(), 0) << foz_.log();
        EXPECT_EQ(foz_.query("SELECT temp FROM readings ORDER BY dh"), "1.0\n2.0");
        EXPECT_EQ(foz_.run_configured({"verify"}).exit_code, 0);
    }

    FozUnderTest foz_;
};

TEST_F(BadTopic, WithU0000EndsThatConnectionOnly) {
    expect_only_that_connection_ends(std::string("sensors/a\0b", 11));
}

TEST_F(BadTopic, OverTheLimitEndsThatConnectionOnly) {
    expect_only_that_connection_ends("sensors/" + std::string(2'000, 'x'));
}

TEST_F(BadTopic, AsLongAsMqttCanSayEndsThatConnectionOnly) {
    expect_only_that_connection_ends(std::string(65'535, 'x'));
}

TEST_F(BadTopic, ThatIsNotUtf8EndsThatConnectionOnly) {
    expect_only_that_connection_ends("sensors/caf\xe9");
}

TEST_F(BadTopic, WithAWildcardEndsThatConnectionOnly) {
    expect_only_that_connection_ends("sensors/+");
}

}  // namespace
}  // namespace foz::end_to_end
