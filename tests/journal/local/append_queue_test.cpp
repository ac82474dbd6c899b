// SPDX-License-Identifier: Apache-2.0
#include "journal/local/append_queue.h"

#include <thread>

#include "journal/local/frame.h"
#include "tests/journal/local/journal_fixture.h"
#include "tests/support/position.h"

namespace foz::journal::local {
namespace {

constexpr AppendQueue::Limits kLimits{1000, 5000};

TEST(AppendQueue, numbers_records_without_gaps_and_hands_over_whole_frames) {
    AppendQueue queue(kLimits, at(100), real_clock());
    EXPECT_EQ(queue.append(batch_of("a")), at(101));
    RecordBatch three;
    three.add(1, as_bytes("b"));
    three.add(1, as_bytes("c"));
    three.add(1, as_bytes("d"));
    EXPECT_EQ(queue.append(three), at(104));
    Group group;
    ASSERT_TRUE(queue.take(group));
    EXPECT_EQ(group.end, at(104));
    const FrameHeader first = load_frame_header(group.frames.data());
    const FrameHeader second = load_frame_header(group.frames.data() + first.frame_bytes());
    EXPECT_EQ(first.first, at(100));
    EXPECT_EQ(second.first, at(101));
    EXPECT_EQ(second.count, 3U);
    EXPECT_EQ(group.frames.size(), first.frame_bytes() + second.frame_bytes());
}

TEST(AppendQueue, refuses_what_does_not_fit_until_the_group_is_on_disk) {
    AppendQueue queue(kLimits, {}, real_clock());
    const std::string text(500, 'x');
    ASSERT_TRUE(queue.append(batch_of(text)));
    Group group;
    ASSERT_TRUE(queue.take(group));
    const auto refused = queue.append(batch_of(text));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::no_space);
    EXPECT_TRUE(queue.finish_group());  // somebody waits for room
    EXPECT_TRUE(queue.append(batch_of(text)));
    EXPECT_FALSE(queue.finish_group());
}

TEST(AppendQueue, takes_one_append_over_its_limit_when_it_is_empty) {
    AppendQueue queue(kLimits, {}, real_clock());
    EXPECT_TRUE(queue.append(batch_of(std::string(4000, 'x'))));
    EXPECT_FALSE(queue.append(batch_of("y")));
}

TEST(AppendQueue, refuses_an_append_over_the_limit_of_one_for_good) {
    AppendQueue queue(kLimits, {}, real_clock());
    const auto refused = queue.append(batch_of(std::string(5001, 'x')));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
}

TEST(AppendQueue, says_why_it_is_stalled) {
    AppendQueue queue(kLimits, {}, real_clock());
    queue.set_stalled(Error{ErrorCode::no_space, "the disk is full"});
    const auto refused = queue.append(batch_of("x"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "the disk is full");
    queue.set_stalled(std::nullopt);
    EXPECT_EQ(queue.append(batch_of("x")), at(1));
}

TEST(AppendQueue, hands_over_the_rest_before_it_ends) {
    AppendQueue queue(kLimits, {}, real_clock());
    ASSERT_TRUE(queue.append(batch_of("x")));
    queue.stop();
    EXPECT_FALSE(queue.append(batch_of("y")));
    Group group;
    EXPECT_TRUE(queue.take(group));
    EXPECT_FALSE(queue.take(group));
}

TEST(AppendQueue, wakes_the_writer) {
    AppendQueue queue(kLimits, {}, real_clock());
    Group group;
    std::thread writer([&] { EXPECT_TRUE(queue.take(group)); });
    ASSERT_TRUE(queue.append(batch_of("x")));
    writer.join();
    EXPECT_EQ(group.end, at(1));
}

}  // namespace
}  // namespace foz::journal::local
