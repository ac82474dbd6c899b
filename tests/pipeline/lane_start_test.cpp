// SPDX-License-Identifier: Apache-2.0
#include "pipeline/lane_start.h"

#include <gtest/gtest.h>

#include "base/backoff.h"
#include "tests/support/position.h"

namespace foz::pipeline {

namespace {

LaneFacts facts(sink::Cursor found, journal::Position first, journal::Position end) {
    LaneFacts facts;
    facts.found = found;
    facts.first = first;
    facts.end = end;
    return facts;
}

}  // namespace

TEST(LaneStart, goes_on_at_the_databases_cursor) {
    const LaneStart start = lane_start(facts({5, 2}, at(3), at(9)));
    EXPECT_EQ(start.cursor, (sink::Cursor{5, 2}));
    EXPECT_FALSE(start.gap);
    EXPECT_FALSE(start.blocked);
}

TEST(LaneStart, a_new_database_takes_what_the_journal_still_has) {
    const LaneStart start = lane_start(facts({}, at(100), at(900)));
    EXPECT_EQ(start.cursor, (sink::Cursor{100, 0}));
    EXPECT_FALSE(start.gap);
}

TEST(LaneStart, a_database_that_was_emptied_has_a_gap_when_records_are_gone) {
    LaneFacts emptied = facts({}, at(100), at(900));
    emptied.known = at(850);
    const LaneStart start = lane_start(emptied);
    EXPECT_EQ(start.cursor, (sink::Cursor{100, 0}));
    EXPECT_EQ(start.gap, (std::pair(at(0), at(100))));
}

TEST(LaneStart, a_database_restored_from_an_old_backup_has_a_gap) {
    LaneFacts restored = facts({50, 1}, at(100), at(900));
    restored.known = at(850);
    const LaneStart start = lane_start(restored);
    EXPECT_EQ(start.gap, (std::pair(at(50), at(100))));
}

TEST(LaneStart, a_cursor_beyond_the_end_blocks) {
    EXPECT_TRUE(lane_start(facts({901, 0}, at(100), at(900))).blocked);
    EXPECT_FALSE(lane_start(facts({900, 0}, at(100), at(900))).blocked);
}

TEST(LaneStart, a_lane_of_a_new_layout_starts_where_the_old_ones_ended) {
    LaneFacts moved = facts({}, at(0), at(900));
    moved.since = at(500);
    const LaneStart start = lane_start(moved);
    EXPECT_EQ(start.cursor, (sink::Cursor{500, 0}));
    EXPECT_FALSE(start.gap);
}

TEST(LaneStart, a_replay_that_retention_has_overtaken_has_a_gap) {
    LaneFacts overtaken = facts({60, 0}, at(100), at(900));
    overtaken.since = at(50);
    overtaken.replays = true;
    const LaneStart start = lane_start(overtaken);
    EXPECT_EQ(start.cursor, (sink::Cursor{100, 0}));
    EXPECT_EQ(start.gap, (std::pair(at(60), at(100))));
    overtaken.first = at(40);
    EXPECT_FALSE(lane_start(overtaken).gap);
}

TEST(Backoff, doubles_up_to_its_maximum_with_jitter_of_up_to_half) {
    Backoff backoff(std::chrono::milliseconds(400), 1);
    for (const int expected : {50, 100, 200, 400, 400, 400}) {
        const auto delay = backoff.next();
        EXPECT_GE(delay.count(), expected / 2);
        EXPECT_LE(delay.count(), expected);
    }
    backoff.reset();
    EXPECT_LE(backoff.next().count(), 50);
}

}  // namespace foz::pipeline
