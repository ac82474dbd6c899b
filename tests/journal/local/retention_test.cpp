// SPDX-License-Identifier: Apache-2.0
#include "journal/local/retention.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/support/position.h"

namespace foz::journal::local {
namespace {

using std::chrono::hours;

constexpr std::uint64_t kBytes = 1000;

SystemTime hour(int number) {
    return SystemTime(hours(number));
}

/// `count` segments of 10 records and 1000 bytes each; the first record of number i is from hour i.
std::vector<std::shared_ptr<Segment>> segments(int count) {
    std::vector<std::shared_ptr<Segment>> all;
    for (int i = 0; i < count; ++i) {
        SegmentHeader header;
        header.first = at(i * 10);
        header.first_appended = hour(i);
        all.push_back(std::make_shared<Segment>("file", header, kBytes));
        if (i > 0) {
            all[static_cast<std::size_t>(i) - 1]->end = header.first;
        }
    }
    return all;
}

constexpr RetentionRule kKeepAll{1'000'000, hours(1'000'000), 0};

TEST(Retention, removes_nothing_while_size_and_age_are_small) {
    EXPECT_EQ(segments_to_remove(segments(5), at(50), hour(5), kKeepAll), 0U);
}

TEST(Retention, keeps_at_least_the_configured_bytes_of_what_was_passed) {
    RetentionRule rule = kKeepAll;
    rule.retain_bytes = 2 * kBytes;
    EXPECT_EQ(segments_to_remove(segments(5), at(41), hour(5), rule), 2U);
    rule.retain_bytes = 2 * kBytes + 1;
    EXPECT_EQ(segments_to_remove(segments(5), at(41), hour(5), rule), 1U);
}

TEST(Retention, removes_what_is_too_old_even_when_it_is_little) {
    RetentionRule rule = kKeepAll;
    rule.retain_age = hours(2);
    // At hour 5, everything before hour 3 is too old: segments 0, 1 and 2, which ends when 3
    // begins.
    EXPECT_EQ(segments_to_remove(segments(5), at(41), hour(5), rule), 2U);
    EXPECT_EQ(segments_to_remove(segments(5), at(41), hour(5) + std::chrono::seconds(1), rule), 3U);
}

TEST(Retention, keeps_the_record_before_a_cursor_unless_bytes_are_needed) {
    RetentionRule rule{0, hours(0), 0};
    EXPECT_EQ(segments_to_remove(segments(5), at(30), hour(100), rule), 2U);
    EXPECT_EQ(segments_to_remove(segments(5), at(31), hour(100), rule), 3U);
    rule.bytes_needed = 1;
    EXPECT_EQ(segments_to_remove(segments(5), at(30), hour(100), rule), 3U);
}

TEST(Retention, never_removes_what_a_cursor_still_needs) {
    const RetentionRule rule{0, hours(0), UINT64_MAX / 2};
    EXPECT_EQ(segments_to_remove(segments(5), at(0), hour(100), rule), 0U);
    EXPECT_EQ(segments_to_remove(segments(5), at(29), hour(100), rule), 2U);
    EXPECT_EQ(segments_to_remove(segments(5), at(30), hour(100), rule), 3U);
}

TEST(Retention, never_removes_the_last_segment) {
    const RetentionRule rule{0, hours(0), UINT64_MAX / 2};
    EXPECT_EQ(segments_to_remove(segments(5), Position::beyond_all(), hour(100), rule), 4U);
    EXPECT_EQ(segments_to_remove(segments(1), Position::beyond_all(), hour(100), rule), 0U);
}

TEST(Retention, frees_what_is_needed_and_no_more_whatever_the_age) {
    RetentionRule rule = kKeepAll;
    rule.bytes_needed = 1;
    EXPECT_EQ(segments_to_remove(segments(5), at(50), hour(0), rule), 1U);
    rule.bytes_needed = kBytes + 1;
    EXPECT_EQ(segments_to_remove(segments(5), at(50), hour(0), rule), 2U);
}

}  // namespace
}  // namespace foz::journal::local
