// SPDX-License-Identifier: Apache-2.0
// Locks that the compiler checks. A member says which mutex guards it, a function which one its
// caller must hold, and clang refuses code that does not keep to it (tools/check_locks). GCC sees
// std::mutex and std::condition_variable, and nothing of the annotations.
//
//   Mutex mutex_;
//   ConditionVariable filled_;
//   std::vector<Item> items_ FOZ_GUARDED_BY(mutex_);
//   void drop_oldest() FOZ_REQUIRES(mutex_);
//
//   const MutexLock lock(mutex_);
//   filled_.wait(mutex_, [this]() FOZ_REQUIRES(mutex_) { return !items_.empty(); });
//
// A constructor and a destructor are not checked: while they run, the object is one thread's.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/clock.h"

#ifdef __clang__
#define FOZ_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define FOZ_THREAD_SAFETY(attribute)
#endif

/// Of a member: read and written with the mutex held only.
#define FOZ_GUARDED_BY(mutex) FOZ_THREAD_SAFETY(guarded_by(mutex))
/// Of a function, or of a lambda behind its parameters: the caller holds the mutex.
#define FOZ_REQUIRES(...) FOZ_THREAD_SAFETY(requires_capability(__VA_ARGS__))
/// Of a function: the caller does not hold the mutex, since the function takes it, or takes long.
#define FOZ_EXCLUDES(...) FOZ_THREAD_SAFETY(locks_excluded(__VA_ARGS__))

// For the classes below.
#define FOZ_CAPABILITY(name) FOZ_THREAD_SAFETY(capability(name))
#define FOZ_SCOPED_CAPABILITY FOZ_THREAD_SAFETY(scoped_lockable)
#define FOZ_ACQUIRE(...) FOZ_THREAD_SAFETY(acquire_capability(__VA_ARGS__))
#define FOZ_RELEASE(...) FOZ_THREAD_SAFETY(release_capability(__VA_ARGS__))
#define FOZ_NO_THREAD_SAFETY_ANALYSIS FOZ_THREAD_SAFETY(no_thread_safety_analysis)

namespace foz {

/// Taken by MutexLock only.
class FOZ_CAPABILITY("mutex") Mutex {
  public:
    Mutex() = default;
    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

  private:
    friend class MutexLock;
    friend class ConditionVariable;

    void lock() FOZ_ACQUIRE() { mutex_.lock(); }
    void unlock() FOZ_RELEASE() { mutex_.unlock(); }

    std::mutex mutex_;
};

/// Holds a mutex until the end of its scope. A `const` one does so throughout; another may let go
/// of it in between. One thread.
class FOZ_SCOPED_CAPABILITY MutexLock {
  public:
    [[nodiscard]] explicit MutexLock(Mutex& mutex) FOZ_ACQUIRE(mutex) : mutex_(mutex) {
        mutex_.lock();
    }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;
    ~MutexLock() FOZ_RELEASE() {
        if (held_) {
            mutex_.unlock();
        }
    }

    void unlock() FOZ_RELEASE() {
        mutex_.unlock();
        held_ = false;
    }
    void lock() FOZ_ACQUIRE() {
        mutex_.lock();
        held_ = true;
    }

  private:
    Mutex& mutex_;
    bool held_ = true;
};

/// As std::condition_variable; it waits with the mutex itself, which the caller must hold and which
/// it holds again afterwards. notify_one() and notify_all() on any thread, with or without it.
///
/// A condition says what it requires itself, as above: the compiler cannot see that the mutex it
/// names and the one that is passed are the same. It is called with the mutex held.
class ConditionVariable {
  public:
    void notify_one() { condition_.notify_one(); }
    void notify_all() { condition_.notify_all(); }

    /// Until it is notified, or for no reason.
    void wait(Mutex& mutex) FOZ_REQUIRES(mutex) {
        std::unique_lock lock(mutex.mutex_, std::adopt_lock);
        condition_.wait(lock);
        (void)lock.release();
    }
    /// Until `condition` holds.
    template <class Condition>
    void wait(Mutex& mutex, Condition condition) FOZ_REQUIRES(mutex) FOZ_NO_THREAD_SAFETY_ANALYSIS {
        while (!condition()) {
            wait(mutex);
        }
    }

    /// Until it is notified, or for no reason; not after `deadline`.
    std::cv_status wait_until(Mutex& mutex, SteadyTime deadline) FOZ_REQUIRES(mutex) {
        std::unique_lock lock(mutex.mutex_, std::adopt_lock);
        const std::cv_status status = condition_.wait_until(lock, deadline);
        (void)lock.release();
        return status;
    }
    /// Until `condition` holds, which is the result; not after `deadline`.
    template <class Condition>
    bool wait_until(Mutex& mutex, SteadyTime deadline, Condition condition)
            FOZ_REQUIRES(mutex) FOZ_NO_THREAD_SAFETY_ANALYSIS {
        while (!condition()) {
            if (wait_until(mutex, deadline) == std::cv_status::timeout) {
                return condition();
            }
        }
        return true;
    }

    /// As wait_until(), from now on for `time`.
    std::cv_status wait_for(Mutex& mutex, SteadyTime::duration time) FOZ_REQUIRES(mutex) {
        return wait_until(mutex, std::chrono::steady_clock::now() + time);
    }
    template <class Condition>
    bool wait_for(Mutex& mutex, SteadyTime::duration time, Condition condition)
            FOZ_REQUIRES(mutex) FOZ_NO_THREAD_SAFETY_ANALYSIS {
        return wait_until(mutex, std::chrono::steady_clock::now() + time, std::move(condition));
    }

  private:
    std::condition_variable condition_;
};

}  // namespace foz
