// SPDX-License-Identifier: Apache-2.0
#include "base/mutex.h"

#include <thread>

#include <gtest/gtest.h>

namespace foz {
namespace {

struct Shared {
    Mutex mutex;
    ConditionVariable changed;
    int value FOZ_GUARDED_BY(mutex) = 0;

    void set(int to) {
        {
            const MutexLock lock(mutex);
            value = to;
        }
        changed.notify_all();
    }
};

TEST(Mutex, WaitsUntilAnotherThreadHasMadeTheConditionTrue) {
    Shared shared;
    std::thread other([&] { shared.set(1); });
    {
        const MutexLock lock(shared.mutex);
        shared.changed.wait(
                shared.mutex, [&]() FOZ_REQUIRES(shared.mutex) { return shared.value == 1; });
        EXPECT_EQ(shared.value, 1);
    }
    other.join();
}

TEST(Mutex, LetsAnotherThreadInWhileItsLockIsGivenUp) {
    Shared shared;
    MutexLock lock(shared.mutex);
    lock.unlock();
    std::thread([&] { shared.set(2); }).join();
    lock.lock();
    EXPECT_EQ(shared.value, 2);
}

TEST(Mutex, WaitsNoLongerThanItsDeadline) {
    Shared shared;
    const MutexLock lock(shared.mutex);
    const auto is_set = [&]() FOZ_REQUIRES(shared.mutex) { return shared.value != 0; };
    const SteadyTime past = std::chrono::steady_clock::now();
    EXPECT_EQ(shared.changed.wait_until(shared.mutex, past), std::cv_status::timeout);
    EXPECT_FALSE(shared.changed.wait_until(shared.mutex, past, is_set));
    EXPECT_FALSE(shared.changed.wait_for(shared.mutex, std::chrono::milliseconds(1), is_set));
    shared.value = 3;
    EXPECT_TRUE(shared.changed.wait_until(shared.mutex, past, is_set));
}

}  // namespace
}  // namespace foz
