// SPDX-License-Identifier: Apache-2.0
#include "base/event_loop.h"

#include <array>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/stepped_clock.h"

namespace foz {
namespace {

using Interest = EventLoop::Interest;

constexpr std::uint64_t kToken = 7;

SteadyTime in(int seconds) {
    return real_clock().steady_now() + std::chrono::seconds(seconds);
}

class EventLoopTest : public testing::Test {
  protected:
    EventLoopTest() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair_.data()), 0); }
    ~EventLoopTest() override {
        ::close(pair_[0]);
        ::close(pair_[1]);
    }

    void peer_sends() { ASSERT_EQ(::write(pair_[1], "x", 1), 1); }
    void peer_shuts_down() { ASSERT_EQ(::shutdown(pair_[1], SHUT_RDWR), 0); }

    EventLoop loop_{real_clock()};
    std::array<int, 2> pair_{};
    int ran_ = 0;
};

TEST_F(EventLoopTest, a_readable_descriptor_is_reported_until_it_is_read) {
    ASSERT_TRUE(loop_.change_interest(pair_[0], kToken, Interest::none, Interest::read));
    EXPECT_TRUE(loop_.wait(in(0)).empty());
    peer_sends();
    for (int i = 0; i < 2; ++i) {
        const auto ready = loop_.wait(in(10));
        ASSERT_EQ(ready.size(), 1U);
        EXPECT_EQ(ready[0].token, kToken);
        EXPECT_TRUE(ready[0].readable);
        EXPECT_FALSE(ready[0].writable);
    }
}

TEST_F(EventLoopTest, without_interest_nothing_is_reported_not_even_the_peer_going_away) {
    ASSERT_TRUE(loop_.change_interest(pair_[0], kToken, Interest::none, Interest::read));
    peer_sends();
    peer_shuts_down();
    ASSERT_EQ(loop_.wait(in(10)).size(), 1U);
    ASSERT_TRUE(loop_.change_interest(pair_[0], kToken, Interest::read, Interest::none));
    EXPECT_TRUE(loop_.wait(in(0)).empty());
}

TEST_F(EventLoopTest, interest_can_change_to_writing_and_back) {
    ASSERT_TRUE(loop_.change_interest(pair_[0], kToken, Interest::none, Interest::write));
    auto ready = loop_.wait(in(10));
    ASSERT_EQ(ready.size(), 1U);
    EXPECT_TRUE(ready[0].writable);
    ASSERT_TRUE(loop_.change_interest(pair_[0], kToken, Interest::write, Interest::read));
    EXPECT_TRUE(loop_.wait(in(0)).empty());
}

TEST_F(EventLoopTest, reading_and_writing_can_be_asked_for_together) {
    ASSERT_TRUE(loop_.change_interest(pair_[0], kToken, Interest::none, Interest::both));
    auto ready = loop_.wait(in(10));
    ASSERT_EQ(ready.size(), 1U);
    EXPECT_TRUE(ready[0].writable);
    EXPECT_FALSE(ready[0].readable);
    peer_sends();
    ready = loop_.wait(in(10));
    ASSERT_EQ(ready.size(), 1U);
    EXPECT_TRUE(ready[0].writable && ready[0].readable);
}

TEST_F(EventLoopTest, a_clock_that_is_moved_ends_a_wait) {
    support::SteppedClock clock;
    EventLoop loop(clock);
    const SteadyTime hour = clock.steady_now() + std::chrono::hours(1);
    std::thread mover([&] { clock.step(std::chrono::hours(2)); });
    while (clock.steady_now() < hour) {
        (void)loop.wait(hour);
    }
    mover.join();
}

TEST_F(EventLoopTest, a_wake_before_the_wait_is_not_lost) {
    loop_.wake();
    EXPECT_TRUE(loop_.wait(in(3600)).empty());
}

TEST_F(EventLoopTest, what_is_posted_runs_on_the_loops_thread_in_order) {
    constexpr int kCount = 20'000;
    std::thread poster([this, loop_thread = std::this_thread::get_id()] {
        for (int i = 0; i < kCount; ++i) {
            loop_.post([this, i, loop_thread] {
                EXPECT_EQ(std::this_thread::get_id(), loop_thread);
                EXPECT_EQ(i, ran_++);
            });
        }
    });
    // A post that woke nobody would leave the loop waiting here for an hour.
    while (ran_ < kCount) {
        (void)loop_.wait(in(3600));
        loop_.run_posted();
    }
    poster.join();
}

}  // namespace
}  // namespace foz
