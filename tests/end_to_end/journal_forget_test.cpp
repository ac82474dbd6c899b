// SPDX-License-Identifier: Apache-2.0
// A database that was taken out of the configuration while records waited for it.
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

/// Everything into one table of this database.
std::string into(std::string_view database, std::string_view url) {
    return fmt::format(
            "[database.{0}]\nurl = \"{1}\"\n[[route]]\ntopic = \"#\"\ndatabase = \"{0}\"\ntable = "
            "\"t\"\n",
            database, url);
}

class JournalForget : public testing::Test {
  protected:
    void SetUp() override {
        foz_.configure(into("old", "postgresql://nobody@127.0.0.1:1/none"));
        foz_.start();
        for (int i = 0; i < kWaiting; ++i) {
            foz_.publish("t", R"({"a": 1})");
        }
        foz_.stop();
        foz_.configure(into("other", "sqlite:other.sqlite"));
    }
    [[nodiscard]] Outcome forget(const std::string& cursor) {
        return foz_.run_configured({"journal", "forget", cursor});
    }

    static constexpr int kWaiting = 3;
    FozUnderTest foz_;
};

TEST_F(JournalForget, GivesUpWhatWaitsForADatabaseThatIsConfiguredNoMore) {
    foz_.start();
    EXPECT_TRUE(support::wait_until([&] {
        return foz_.log().find("`foz journal forget old/main-0`") != std::string::npos;
    })) << foz_.log();
    EXPECT_NE(foz_.log().find(fmt::format("for it, {} now", kWaiting)), std::string::npos);
    const Outcome running = forget("old/main-0");
    EXPECT_EQ(running.exit_code, 1) << running;
    EXPECT_TRUE(running.says("in use by another foz")) << running;
    foz_.stop();

    const Outcome done = forget("old/main-0");
    EXPECT_EQ(done.exit_code, 0) << done;
    EXPECT_TRUE(done.says(fmt::format("{} records, from 0 on", kWaiting))) << done;
    const Outcome shown = foz_.run_configured({"journal"});
    EXPECT_FALSE(shown.says("old/main-0")) << shown;
    EXPECT_TRUE(shown.says("other/main-0")) << shown;
}

TEST_F(JournalForget, RefusesWhatIsInUseOrNotThere) {
    foz_.start();
    foz_.stop();
    for (const std::string cursor : {"other/main-0", "nowhere/main-0", "sessions"}) {
        const Outcome refused = forget(cursor);
        EXPECT_EQ(refused.exit_code, 2) << refused;
        EXPECT_TRUE(refused.says(cursor)) << refused;
    }
    EXPECT_TRUE(foz_.run_configured({"journal"}).says("old/main-0"));
}

TEST(JournalForgetTable, GivesUpWhatWaitsForATableThatIsConfiguredNoMore) {
    const std::string other =
            "[[route]]\ntopic = \"other/{device}\"\ntable = \"other\"\n"
            "columns = { device = { capture = \"device\" } }\n";
    FozUnderTest foz;
    foz.configure(kReadings + other);
    foz.start();
    ASSERT_EQ(foz.stop(), 0);
    ASSERT_EQ(foz.query("DROP TABLE other"), "");
    ASSERT_EQ(foz.query("CREATE TABLE other (strange INTEGER)"), "");
    foz.start();
    foz.publish("other/a", "{}");
    ASSERT_TRUE(support::wait_until([&] { return foz.log().contains("is set aside"); }));
    ASSERT_EQ(foz.stop(), 0);
    const auto forget = [&] {
        return foz.run_configured({"journal", "forget", "foz/main-0/other"});
    };
    const Outcome in_use = forget();
    EXPECT_EQ(in_use.exit_code, 2) << in_use;

    foz.configure(kReadings);
    foz.start();
    EXPECT_TRUE(support::wait_until([&] {
        return foz.log().contains("`foz journal forget foz/main-0/other`");
    })) << foz.log();
    ASSERT_EQ(foz.stop(), 0);
    const Outcome done = forget();
    EXPECT_EQ(done.exit_code, 0) << done;
    EXPECT_FALSE(foz.run_configured({"journal"}).says("foz/main-0/other"));
    EXPECT_EQ(foz.run_configured({"verify"}).exit_code, 0);
    foz.start();
    foz.publish("sensors/a", reading(1));
    EXPECT_TRUE(foz.becomes("SELECT count(*) FROM readings", "1")) << foz.log();
    EXPECT_FALSE(
            foz.log().substr(foz.log().rfind("configuration: ")).contains("no longer configured"));
}

}  // namespace
}  // namespace foz::end_to_end
