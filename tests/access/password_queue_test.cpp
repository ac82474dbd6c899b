// SPDX-License-Identifier: Apache-2.0
#include "access/password_queue.h"

#include <gtest/gtest.h>

namespace foz::access {
namespace {

using namespace std::chrono_literals;
using Refusal = PasswordQueue::Refusal;

class PasswordQueueTest : public testing::Test {
  protected:
    std::expected<PasswordQueue::Ticket, Refusal> add(const std::string& key,
            const std::string& address, SteadyTime::duration patience = 10s) {
        return queue_.add({.key = key, .passwords = nullptr, .user_name = key, .password = {}},
                {.ticket = 0, .address = address, .deadline = now_ + patience, .answer = {}}, now_,
                dropped_);
    }
    /// The key of the next, which takes as long as is told; "" without one.
    std::string check(SteadyTime::duration took = 0ms) {
        const auto next = queue_.take(now_, late_);
        if (!next) {
            return "";
        }
        now_ += took;
        answered_ = queue_.finish(*next, took);
        return next->pair.key;
    }

    PasswordQueue queue_{1, {.checks = 6, .per_address = 4}};
    SteadyTime now_;
    std::vector<PasswordQueue::Waiter> dropped_;
    std::vector<PasswordQueue::Waiter> late_;
    std::vector<PasswordQueue::Waiter> answered_;
};

TEST_F(PasswordQueueTest, addresses_take_turns) {
    for (const char* key : {"a1", "a2", "a3"}) {
        ASSERT_TRUE(add(key, "a"));
    }
    ASSERT_TRUE(add("b1", "b"));
    ASSERT_TRUE(add("c1", "c"));
    std::string order;
    for (std::string key = check(); !key.empty(); key = check()) {
        order += key;
    }
    EXPECT_EQ(order, "a1b1c1a2a3");
    EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(PasswordQueueTest, equal_pairs_are_checked_once_while_they_wait_and_under_way) {
    ASSERT_TRUE(add("x", "a"));
    ASSERT_TRUE(add("x", "a"));
    EXPECT_EQ(queue_.size(), 1U);
    const auto under_way = queue_.take(now_, late_);
    ASSERT_TRUE(under_way);
    ASSERT_TRUE(add("x", "b"));
    EXPECT_EQ(queue_.size(), 0U);
    EXPECT_EQ(queue_.finish(*under_way, 1ms).size(), 3U);
    EXPECT_EQ(check(), "");
}

TEST_F(PasswordQueueTest, one_that_is_joined_from_another_address_has_that_ones_turn_too) {
    ASSERT_TRUE(add("a1", "a"));
    ASSERT_TRUE(add("a2", "a"));
    ASSERT_TRUE(add("x", "a"));
    ASSERT_TRUE(add("x", "b"));
    EXPECT_EQ(check(), "a1");
    EXPECT_EQ(check(), "x");
    EXPECT_EQ(check(), "a2");
    EXPECT_EQ(check(), "");
}

TEST_F(PasswordQueueTest, what_nobody_waits_for_any_more_is_not_checked) {
    const auto gone = add("x", "a");
    const auto one = add("y", "a");
    ASSERT_TRUE(add("y", "b"));
    queue_.cancel(*gone);
    queue_.cancel(*one);
    queue_.cancel(*one);
    EXPECT_EQ(queue_.size(), 1U);
    EXPECT_EQ(check(), "y");
    EXPECT_EQ(answered_.size(), 1U);
    EXPECT_EQ(check(), "");
}

TEST_F(PasswordQueueTest, one_cancelled_while_it_is_checked_gets_no_answer) {
    const auto gone = add("x", "a");
    const auto under_way = queue_.take(now_, late_);
    queue_.cancel(*gone);
    EXPECT_TRUE(queue_.finish(*under_way, 1ms).empty());
    ASSERT_TRUE(add("x", "a")) << "a new check";
    EXPECT_EQ(check(), "x");
}

TEST_F(PasswordQueueTest, one_that_cannot_be_done_in_time_is_refused_at_once_but_others_are_not) {
    ASSERT_TRUE(add("first", "a"));
    EXPECT_EQ(check(4s), "first");
    ASSERT_TRUE(add("a1", "a"));
    ASSERT_TRUE(add("a2", "a")) << "4 s and 4 s";
    EXPECT_EQ(add("a3", "a").error(), Refusal::too_late);
    EXPECT_TRUE(add("b1", "b")) << "it is the second";
    EXPECT_TRUE(add("c1", "c", 13s));
}

TEST_F(PasswordQueueTest, one_whose_time_is_over_when_its_turn_comes_is_not_checked) {
    ASSERT_TRUE(add("x", "a", 1s));
    ASSERT_TRUE(add("y", "a", 10s));
    now_ += 2s;
    EXPECT_EQ(check(), "y");
    ASSERT_EQ(late_.size(), 1U);
    EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(PasswordQueueTest, one_address_cannot_fill_it) {
    for (const char* key : {"a1", "a2", "a3", "a4"}) {
        ASSERT_TRUE(add(key, "a"));
    }
    EXPECT_EQ(add("a5", "a").error(), Refusal::address_full);
    ASSERT_TRUE(add("b1", "b"));
    ASSERT_TRUE(add("c1", "c"));
    ASSERT_TRUE(dropped_.empty());
    ASSERT_TRUE(add("d1", "d")) << "full: the last of the longest line goes";
    ASSERT_EQ(dropped_.size(), 1U);
    EXPECT_EQ(dropped_.front().address, "a");
    EXPECT_EQ(queue_.size(), 6U);
}

TEST_F(PasswordQueueTest, full_of_equals_it_refuses) {
    for (const char* address : {"a", "b", "c", "d", "e", "f"}) {
        ASSERT_TRUE(add(address, address));
    }
    EXPECT_EQ(add("g", "g").error(), Refusal::full);
}

}  // namespace
}  // namespace foz::access
