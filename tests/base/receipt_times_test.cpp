// SPDX-License-Identifier: Apache-2.0
#include "base/receipt_times.h"

#include <algorithm>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace foz {
namespace {

SystemTime at(std::int64_t microseconds) {
    return SystemTime(Microseconds(microseconds));
}

constexpr std::int64_t kBase = 1'800'000'000'000'000;

TEST(ReceiptTimes, TheFirstMessageOfAReadGetsTheTimeOfTheClock) {
    ReceiptTimes times;
    times.set_now(at(kBase));
    EXPECT_EQ(times.next(), at(kBase));
    times.set_now(at(kBase + 5'000));
    EXPECT_EQ(times.next(), at(kBase + 5'000));
}

TEST(ReceiptTimes, MessagesOfOneReadGetIncreasingTimesCloseTogether) {
    ReceiptTimes times;
    times.set_now(at(kBase + 1'000'000));
    SystemTime last = times.next();
    for (int i = 1; i < 1'000; ++i) {
        const SystemTime next = times.next();
        EXPECT_GT(next, last);
        last = next;
    }
    EXPECT_LT(last, at(kBase + 1'000'000 + 2'000));
}

// What one thread hands out in many reads at the same time.
std::vector<SystemTime> take_times() {
    constexpr std::size_t kMessages = 20'000;
    std::vector<SystemTime> taken;
    taken.reserve(kMessages);
    ReceiptTimes times;
    for (std::size_t i = 0; i < kMessages; ++i) {
        if (i % 7 == 0) {
            times.set_now(at(kBase + 2'000'000));
        }
        taken.push_back(times.next());
    }
    return taken;
}

TEST(ReceiptTimes, TwoThreadsThatReceiveAtTheSameTimeNeverShareOne) {
    constexpr std::size_t kThreads = 4;
    std::vector<std::vector<SystemTime>> taken(kThreads);
    std::vector<std::thread> threads;
    threads.reserve(kThreads);
    for (auto& mine : taken) {
        threads.emplace_back([&mine] { mine = take_times(); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    std::vector<SystemTime> all;
    for (const auto& mine : taken) {
        EXPECT_TRUE(std::ranges::is_sorted(mine));
        all.insert(all.end(), mine.begin(), mine.end());
    }
    std::ranges::sort(all);
    EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

TEST(ReceiptTimes, AClockThatIsSetBackByHoursIsFollowed) {
    ReceiptTimes times;
    times.set_now(at(kBase + 7'200'000'000));
    (void)times.next();
    times.set_now(at(kBase + 3'600'000'000));
    EXPECT_EQ(times.next(), at(kBase + 3'600'000'000));
}

TEST(ReceiptTimes, AClockThatIsSetBackALittleGivesNoTimeTwice) {
    ReceiptTimes times;
    times.set_now(at(kBase + 9'000'000'000));
    const SystemTime before = times.next();
    times.set_now(at(kBase + 8'999'000'000));
    EXPECT_GT(times.next(), before);
}

}  // namespace
}  // namespace foz
