// SPDX-License-Identifier: Apache-2.0
// A data folder that is a copy of another's writes into the same database.
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

namespace fs = std::filesystem;

class JournalNewId : public testing::Test {
  protected:
    JournalNewId() {
        const std::string database = fmt::format(
                "[database.d]\nurl = \"sqlite:{}\"\nretry_delay_max = \"100ms\"\n[[route]]\ntopic "
                "= \"t\"\ndatabase = \"d\"\ntable = \"t\"\ncolumns = {{ a = {{ field = \"a\", type "
                "= \"integer\" }} }}\n",
                (directory_ / "common.sqlite").string());
        original_.configure(database);
        copy_.configure(database);
        original_.start();
        original_.publish("t", R"({"a": 1})");
        EXPECT_TRUE(stored_become("1"));
        original_.stop();
        fs::copy(original_.data(), copy_.data(), fs::copy_options::recursive);
    }
    [[nodiscard]] bool stored_become(std::string_view numbers) {
        return support::wait_until([&] { return stored() == numbers; });
    }
    [[nodiscard]] std::string stored() {
        return original_.query("SELECT group_concat(a) FROM (SELECT a FROM t ORDER BY a)", file());
    }
    [[nodiscard]] std::string file() const { return (directory_ / "common.sqlite").string(); }

    support::TemporaryDirectory directory_;
    FozUnderTest original_;
    FozUnderTest copy_;
};

TEST_F(JournalNewId, ACopyIsRefusedAndStoresItsReadingsUnderItsOwnId) {
    original_.start();
    original_.publish("t", R"({"a": 2})");
    ASSERT_TRUE(stored_become("1,2")) << original_.log();
    copy_.start();
    copy_.publish("t", R"({"a": 100})");
    EXPECT_TRUE(support::wait_until([&] {
        return copy_.log().find("foz journal new-id") != std::string::npos;
    })) << copy_.log();
    const Outcome red = copy_.run_configured({"verify"});
    EXPECT_EQ(red.exit_code, 1) << red;
    EXPECT_TRUE(red.says("foz journal new-id")) << red;
    const Outcome running = copy_.run_configured({"journal", "new-id"});
    EXPECT_EQ(running.exit_code, 1) << running;
    EXPECT_TRUE(running.says("in use by another foz")) << running;
    copy_.stop();

    const Outcome done = copy_.run_configured({"journal", "new-id"});
    EXPECT_EQ(done.exit_code, 0) << done;
    EXPECT_TRUE(done.says("begins at record 1")) << done;
    copy_.start();
    EXPECT_TRUE(stored_become("1,2,100")) << copy_.log();
    original_.publish("t", R"({"a": 3})");
    copy_.publish("t", R"({"a": 101})");
    EXPECT_TRUE(stored_become("1,2,3,100,101"));
    const Outcome adds_up = copy_.run_configured({"verify", "--no-row-counts"});
    EXPECT_EQ(adds_up.exit_code, 0) << adds_up;
    EXPECT_EQ(original_.run_configured({"verify", "--no-row-counts"}).exit_code, 0);
}

TEST_F(JournalNewId, DeadLettersMoveAlongAndItAddsUpAtOnce) {
    copy_.start();
    copy_.publish("t", "no json");
    ASSERT_TRUE(copy_.dead_letters_become(1)) << copy_.log();
    copy_.stop();
    ASSERT_EQ(copy_.run_configured({"journal", "new-id"}).exit_code, 0);
    const Outcome at_once = copy_.run_configured({"verify"});
    EXPECT_EQ(at_once.exit_code, 0) << at_once;
    copy_.start();
    copy_.publish("t", R"({"a": 2})");
    EXPECT_TRUE(stored_become("1,2"));
    const Outcome later = copy_.run_configured({"verify"});
    EXPECT_EQ(later.exit_code, 0) << later;
}

TEST_F(JournalNewId, TheStoreBeginsWhereAPersonSays) {
    copy_.start();
    copy_.publish("t", R"({"a": 2})");
    ASSERT_TRUE(stored_become("1,2"));
    copy_.stop();
    const Outcome beyond = copy_.run_configured({"journal", "new-id", "--from", "never"});
    EXPECT_EQ(beyond.exit_code, 2) << beyond;
    EXPECT_EQ(copy_.run_configured({"journal", "new-id", "--from", "1"}).exit_code, 0);
    copy_.start();
    EXPECT_TRUE(stored_become("1,2,2"));
}

}  // namespace
}  // namespace foz::end_to_end
