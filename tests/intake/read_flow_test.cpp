// SPDX-License-Identifier: Apache-2.0
#include "intake/read_flow.h"

#include <gtest/gtest.h>

namespace foz::intake {
namespace {

using Action = ReadFlow::Action;
using State = ReadFlow::State;

constexpr std::size_t kFew = 1'000;
constexpr std::size_t kTooMuch = ReadFlow::kKeptBytesMax;

TEST(ReadFlow, goes_on_while_everything_is_on_disk_at_once) {
    ReadFlow flow(false);
    EXPECT_EQ(flow.after_read(true, true, 0), Action::none);
    EXPECT_EQ(flow.state(), State::reading);
}

TEST(ReadFlow, pauses_until_what_came_is_on_disk) {
    ReadFlow flow(false);
    EXPECT_EQ(flow.after_read(true, false, 0), Action::pause);
    EXPECT_EQ(flow.when_durable(), Action::resume);
    EXPECT_EQ(flow.when_durable(), Action::none) << "it reads already";
    EXPECT_EQ(flow.state(), State::reading);
}

TEST(ReadFlow, of_a_source_waits_for_room_however_long) {
    ReadFlow flow(false);
    EXPECT_EQ(flow.after_read(false, false, kFew), Action::pause);
    EXPECT_EQ(flow.at_full_journal(kFew), Action::none);
    EXPECT_EQ(flow.state(), State::paused);
    EXPECT_TRUE(flow.takes(0));
    EXPECT_EQ(flow.when_durable(), Action::resume);
}

TEST(ReadFlow, of_a_bridge_keeps_what_has_no_room_for_a_moment) {
    ReadFlow flow(true);
    EXPECT_EQ(flow.after_read(false, false, kFew), Action::none);
    EXPECT_EQ(flow.after_read(false, false, kTooMuch), Action::pause);
}

TEST(ReadFlow, of_a_bridge_reads_on_at_a_full_journal_and_skips_what_it_cannot_keep) {
    ReadFlow flow(true);
    ASSERT_EQ(flow.after_read(true, false, 0), Action::pause);
    EXPECT_EQ(flow.at_full_journal(kFew), Action::resume);
    EXPECT_EQ(flow.state(), State::reading);
    EXPECT_TRUE(flow.takes(1));
    ASSERT_EQ(flow.after_read(false, false, kTooMuch), Action::pause);
    EXPECT_EQ(flow.at_full_journal(kTooMuch), Action::resume);
    EXPECT_EQ(flow.state(), State::skipping);
    EXPECT_FALSE(flow.takes(0));
    EXPECT_EQ(flow.after_read(false, false, kTooMuch), Action::none) << "it reads on all the same";
}

TEST(ReadFlow, connects_again_for_what_the_broker_still_has) {
    ReadFlow flow(true);
    (void)flow.after_read(false, false, kTooMuch);
    (void)flow.at_full_journal(kTooMuch);
    ASSERT_FALSE(flow.takes(1));
    EXPECT_EQ(flow.when_durable(), Action::reconnect);
    EXPECT_TRUE(flow.takes(1));
    EXPECT_EQ(flow.when_durable(), Action::none) << "once";
}

TEST(ReadFlow, need_not_connect_again_for_qos_0_nor_after_the_connection_was_lost) {
    ReadFlow flow(true);
    (void)flow.after_read(false, false, kTooMuch);
    (void)flow.at_full_journal(kTooMuch);
    ASSERT_FALSE(flow.takes(0));
    EXPECT_EQ(flow.when_durable(), Action::none);
    (void)flow.after_read(false, false, kTooMuch);
    (void)flow.at_full_journal(kTooMuch);
    ASSERT_FALSE(flow.takes(2));
    flow.on_lost();
    EXPECT_EQ(flow.when_durable(), Action::none) << "a new connection sends them again by itself";
}

TEST(ReadFlow, stops_for_good) {
    ReadFlow flow(true);
    EXPECT_EQ(flow.stop(), Action::pause);
    EXPECT_EQ(flow.after_read(true, false, 0), Action::none);
    EXPECT_EQ(flow.at_full_journal(0), Action::none);
    EXPECT_EQ(flow.when_durable(), Action::none);
    EXPECT_EQ(flow.state(), State::stopped);
}

}  // namespace
}  // namespace foz::intake
