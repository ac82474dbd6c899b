// SPDX-License-Identifier: Apache-2.0
#include "state/state_database.h"

#include <gtest/gtest.h>

#include "state/dead_letters.h"
#include "state/lane_history.h"
#include "state/replayed_letters.h"
#include "state/sqlite_connection.h"
#include "tests/support/position.h"
#include "tests/support/temporary_directory.h"

namespace foz::state {

namespace {

class StateTest : public testing::Test {
  protected:
    StateTest() { open(); }
    void open() {
        state_.reset();
        auto opened = StateDatabase::open(folder_ / "state.db");
        ASSERT_TRUE(opened) << opened.error().message;
        state_ = std::move(*opened);
    }
    static DeadLetter letter(std::uint64_t position, std::uint32_t ordinal = 0) {
        DeadLetter letter;
        letter.journal = "j";
        letter.database = "db";
        letter.lane = "main-0";
        letter.position = at(position);
        letter.ordinal = ordinal;
        letter.route = "route";
        letter.topic = "a/b";
        letter.payload = std::string("\0\xFFpayload", 9);
        letter.reason = "no such field";
        letter.code = "22001";
        return letter;
    }
    std::vector<DeadLetter> all(const LetterFilter& filter = {}) {
        std::vector<DeadLetter> letters;
        EXPECT_TRUE(for_each_letter(*state_, filter, [&](const DeadLetter& one) {
            letters.push_back(one);
            return true;
        }));
        return letters;
    }

    support::TemporaryDirectory folder_;
    std::unique_ptr<StateDatabase> state_;
};

// kill -9 cannot show this, only a power failure could: what is committed is synced.
TEST(SqliteConnection, syncs_every_commit) {
    const support::TemporaryDirectory folder;
    auto connection = SqliteConnection::open(folder / "state.db", {});
    ASSERT_TRUE(connection);
    constexpr std::int64_t kFull = 2;
    EXPECT_EQ(connection->integer_of("PRAGMA synchronous"), kFull);
    EXPECT_EQ(connection->integer_of("SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
}

}  // namespace

TEST_F(StateTest, keeps_its_content_over_a_restart) {
    ASSERT_TRUE(save_letters(*state_, {{letter(1), letter(2)}}));
    open();
    const auto letters = all();
    ASSERT_EQ(letters.size(), 2U);
    EXPECT_EQ(letters[0].payload, letter(1).payload);
    EXPECT_EQ(letters[0].code, "22001");
    EXPECT_EQ(letters[1].position, at(2));
}

TEST_F(StateTest, of_a_newer_foz_is_refused) {
    ASSERT_TRUE(state_->run("test", [](SqliteConnection& connection) {
        return connection.execute("PRAGMA user_version = 1000");
    }));
    state_.reset();
    auto opened = StateDatabase::open(folder_ / "state.db");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::unsupported);
    EXPECT_NE(opened.error().message.find("newer"), std::string::npos);
}

TEST_F(StateTest, saves_a_dead_letter_once) {
    ASSERT_TRUE(save_letters(*state_, {{letter(1)}}));
    DeadLetter again = letter(1);
    again.reason = "another";
    ASSERT_TRUE(save_letters(*state_, {{again, letter(1, 1)}}));
    const auto letters = all();
    ASSERT_EQ(letters.size(), 2U);
    EXPECT_EQ(letters[0].reason, "no such field");
}

TEST_F(StateTest, forgets_provisional_letters_only) {
    ASSERT_TRUE(save_letters(*state_, {{letter(1), letter(2, 0), letter(2, 1), letter(3)}}));
    ASSERT_TRUE(forget_from(*state_, "j", "db", "main-1", {0, 0}));
    EXPECT_EQ(all().size(), 4U);
    ASSERT_TRUE(forget_from(*state_, "j", "db", "main-0", {2, 1}));
    EXPECT_EQ(all().size(), 2U);
}

TEST_F(StateTest, filters_letters_by_every_field) {
    DeadLetter other = letter(5);
    other.route = "other";
    other.reason = "text is too long";
    ASSERT_TRUE(save_letters(*state_, {{letter(1), other}}));
    EXPECT_EQ(all({.route = "other"}).size(), 1U);
    EXPECT_EQ(all({.reason = "too long"}).size(), 1U);
    EXPECT_EQ(all({.reason = "22001"}).size(), 2U);
    EXPECT_EQ(all({.database = "elsewhere"}).size(), 0U);
    EXPECT_EQ(all({.id = all()[0].id}).size(), 1U);
}

TEST_F(StateTest, a_discarded_letter_loses_its_payload_and_stays_counted) {
    ASSERT_TRUE(save_letters(*state_, {{letter(1), letter(2)}}));
    EXPECT_EQ(discard_letters(*state_, {.id = all()[0].id}).value_or(0), 1U);
    EXPECT_TRUE(all()[0].payload.empty());
    const auto counts = count_letters(*state_, {});
    ASSERT_TRUE(counts);
    ASSERT_EQ(counts->size(), 1U);
    EXPECT_EQ(counts->at(0).waiting, 1U);
    EXPECT_EQ(counts->at(0).discarded, 1U);
}

TEST_F(StateTest, settles_a_replay_by_the_databases_cursor) {
    ASSERT_TRUE(save_letters(*state_, {{letter(1), letter(2), letter(3)}}));
    const auto letters = all();
    ASSERT_TRUE(mark_replaying(*state_, {{letters[0].id, letters[1].id, letters[2].id}}, 4));
    const ReturnedLetter returned{letters[0].id, "refused again", "1"};
    ASSERT_TRUE(return_letters(*state_, {&returned, 1}));
    ASSERT_TRUE(finish_replays(*state_, "j", "db", {4, 2}));
    const auto left = all();
    ASSERT_EQ(left.size(), 2U);
    EXPECT_EQ(left[0].reason, "refused again");
    EXPECT_EQ(left[1].position, at(3));
    EXPECT_EQ(left[1].status, LetterStatus::waiting);
}

TEST_F(StateTest, a_replayed_letter_waits_again_when_the_database_has_lost_it) {
    ASSERT_TRUE(save_letters(*state_, {{letter(1), letter(2), letter(3)}}));
    const auto letters = all();
    ASSERT_TRUE(mark_replaying(*state_, {{letters[0].id, letters[1].id, letters[2].id}}, 4));
    ASSERT_TRUE(finish_replays(*state_, "j", "db", {4, 3}));
    EXPECT_EQ(all().size(), 0U);
    EXPECT_EQ(return_lost_replays(*state_, "j", "db", {4, 3}).value_or(99), 0U);
    EXPECT_EQ(return_lost_replays(*state_, "j", "other", {0, 0}).value_or(99), 0U);
    EXPECT_EQ(return_lost_replays(*state_, "j", "db", {4, 1}).value_or(99), 2U);
    const auto back = all();
    ASSERT_EQ(back.size(), 2U);
    EXPECT_EQ(back[0].id, letters[1].id);
    EXPECT_EQ(back[0].payload, letters[1].payload);
    EXPECT_EQ(back[0].status, LetterStatus::waiting);
    EXPECT_EQ(return_lost_replays(*state_, "j", "db", {0, 0}).value_or(99), 1U);
}

TEST_F(StateTest, a_replayed_letter_that_its_lane_takes_up_again_is_forgotten) {
    ASSERT_TRUE(save_letters(*state_, {{letter(1), letter(2)}}));
    const auto letters = all();
    ASSERT_TRUE(mark_replaying(*state_, {{letters[0].id, letters[1].id}}, 1));
    ASSERT_TRUE(finish_replays(*state_, "j", "db", {1, 2}));
    ASSERT_TRUE(forget_from(*state_, "j", "db", "main-0", {2, 0}));
    EXPECT_EQ(return_lost_replays(*state_, "j", "db", {0, 0}).value_or(99), 1U);
    EXPECT_EQ(all()[0].position, at(1));
}

TEST_F(StateTest, replayed_letters_are_kept_for_a_while_only) {
    ASSERT_TRUE(save_letters(*state_, {{letter(1)}}));
    ASSERT_TRUE(mark_replaying(*state_, {{all()[0].id}}, 1));
    ASSERT_TRUE(finish_replays(*state_, "j", "db", {1, 1}));
    const SystemTime now = real_clock().system_now();
    ASSERT_TRUE(forget_replayed_before(*state_, now - std::chrono::hours(1)));
    EXPECT_TRUE(has_replayed(*state_, "j", "db").value_or(false));
    ASSERT_TRUE(forget_replayed_before(*state_, now + std::chrono::hours(1)));
    EXPECT_FALSE(has_replayed(*state_, "j", "db").value_or(true));
}

TEST_F(StateTest, remembers_layouts_and_gaps) {
    ASSERT_TRUE(save_lane_layout(*state_, "j", "db", {4, at(99)}));
    EXPECT_EQ(load_lane_layout(*state_, "j", "db").value()->since, at(99));
    EXPECT_FALSE(load_lane_layout(*state_, "j", "other").value());
    const Gap gap{"j", "db", "main-0", at(5), at(9), {}, false};
    ASSERT_TRUE(save_gap(*state_, gap));
    ASSERT_TRUE(save_gap(*state_, gap));
    ASSERT_EQ(load_gaps(*state_, "j").value().size(), 1U);
    ASSERT_TRUE(accept_gaps(*state_, "j"));
    EXPECT_TRUE(load_gaps(*state_, "j").value()[0].accepted);
}

}  // namespace foz::state
