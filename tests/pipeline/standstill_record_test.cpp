// SPDX-License-Identifier: Apache-2.0
#include "pipeline/standstill_record.h"

#include <gtest/gtest.h>

#include "pipeline/runner_status.h"
#include "tests/support/stepped_clock.h"
#include "tests/support/temporary_directory.h"

namespace foz::pipeline {
namespace {

using support::SteppedClock;

using namespace std::chrono_literals;

class StandstillRecordTest : public testing::Test {
  protected:
    StandstillRecordTest() {
        auto opened = state::StateDatabase::open(file_);
        EXPECT_TRUE(opened);
        state_ = std::move(*opened);
    }
    StatusBoard board(bool active = true) {
        return {clock_, "plant", "main-0", {}, {*state_, clock_, "j", "plant", "main-0", active}};
    }
    void fail(StatusBoard& board, std::string message, std::uint64_t waiting = 12) {
        board.add_failure(clock_.steady_now(),
                {sink::FailureKind::blocked, "42501", std::move(message), {}}, waiting);
    }
    std::vector<state::StandstillNote> notes() {
        auto notes = state::read_standstills(file_);
        EXPECT_TRUE(notes) << notes.error().message;
        return notes.value_or(std::vector<state::StandstillNote>{});
    }

    support::TemporaryDirectory folder_;
    std::filesystem::path file_ = folder_ / "state.db";
    std::unique_ptr<state::StateDatabase> state_;
    SteppedClock clock_;
};

TEST_F(StandstillRecordTest, is_there_from_the_first_word_until_the_lane_moves) {
    StatusBoard lane = board();
    fail(lane, "permission denied");
    clock_.step(59s);
    fail(lane, "permission denied");
    EXPECT_TRUE(notes().empty());
    clock_.step(1s);
    fail(lane, "permission denied");
    ASSERT_EQ(notes().size(), 1U);
    const state::StandstillNote note = notes()[0];
    EXPECT_EQ(note.lane, "main-0");
    EXPECT_EQ(note.noted - note.since, 60s);
    EXPECT_EQ(note.waiting, 12U);
    EXPECT_EQ(note.cause, "permission denied [42501]");
    const std::string text = describe(note);
    EXPECT_NE(text.find("main-0 has stood still since 2023-11-14 23:13:20 UTC"), std::string::npos)
            << text;
    EXPECT_NE(text.find("12 records"), std::string::npos) << text;
    EXPECT_NE(text.find("A person has to"), std::string::npos) << text;
    lane.set_state(RunnerState::running, "");
    EXPECT_TRUE(notes().empty());
}

TEST_F(StandstillRecordTest, follows_the_cause_and_what_waits) {
    StatusBoard lane = board();
    fail(lane, "one");
    clock_.step(1min);
    fail(lane, "one");
    clock_.step(61s);
    fail(lane, "another", 20);
    ASSERT_EQ(notes().size(), 1U);
    EXPECT_EQ(notes()[0].cause, "another [42501]");
    EXPECT_EQ(notes()[0].waiting, 20U);
    EXPECT_EQ(notes()[0].noted - notes()[0].since, 121s);
}

TEST_F(StandstillRecordTest, has_no_password) {
    StatusBoard lane = board();
    fail(lane, "");
    clock_.step(1min);
    fail(lane, "cannot reach postgresql://foz:secret@db/plant");
    ASSERT_EQ(notes().size(), 1U);
    EXPECT_EQ(notes()[0].cause.find("secret"), std::string::npos) << notes()[0].cause;
}

TEST_F(StandstillRecordTest, of_an_earlier_run_keeps_its_time_and_goes_when_the_lane_moves) {
    {
        StatusBoard lane = board();
        fail(lane, "one");
        clock_.step(1min);
        fail(lane, "one");
    }
    const SystemTime since = notes().at(0).since;
    clock_.step(1h);
    StatusBoard lane = board();
    EXPECT_EQ(notes().size(), 1U);
    fail(lane, "one");
    clock_.step(1min);
    fail(lane, "one");
    EXPECT_EQ(notes().at(0).since, since);
    EXPECT_EQ(notes().at(0).noted, clock_.system_now());
    StatusBoard again = board();
    again.set_state(RunnerState::running, "");
    EXPECT_TRUE(notes().empty());
}

TEST_F(StandstillRecordTest, a_replay_leaves_none) {
    StatusBoard lane = board(false);
    fail(lane, "one");
    clock_.step(1min);
    fail(lane, "one");
    EXPECT_TRUE(notes().empty());
}

}  // namespace
}  // namespace foz::pipeline
