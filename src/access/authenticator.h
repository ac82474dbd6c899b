// SPDX-License-Identifier: Apache-2.0
// Checks passwords away from the event loops: each check is made to be slow
// (access/password_file.h). Its threads start with the first password that is to be checked.
// password_queue.h says who is next, known_passwords.h what needs no check.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "access/known_passwords.h"
#include "access/password_file.h"
#include "access/password_queue.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"

namespace foz::access {

/// Any thread.
class Authenticator {
  public:
    using Ticket = PasswordQueue::Ticket;

    struct Request {
        std::shared_ptr<const access::PasswordFile> passwords;
        std::string user_name;
        std::string password;
        std::string address;  // of the client: addresses take turns
        SteadyTime deadline;  // the client is not there any longer after this
        std::function<void(PasswordVerdict)> answer;  // on a thread of the authenticator
    };
    /// One of them is there.
    struct Submitted {
        std::optional<PasswordVerdict> verdict;  // right or wrong: it was known
        Ticket ticket = 0;                       // the answer will come
        std::string refusal;                     // why it is not going to be checked
    };

    /// `clock` must outlive it.
    explicit Authenticator(const Clock& clock);
    Authenticator(const Authenticator&) = delete;
    Authenticator& operator=(const Authenticator&) = delete;
    ~Authenticator() { stop(); }

    [[nodiscard]] Submitted submit(Request request);

    /// The client is gone: what only it waited for is not checked. An answer may be on its way.
    void cancel(Ticket ticket);

    /// Waits for the checks that are under way. Those that wait are dropped, without an answer.
    void stop();

  private:
    using Waiters = std::vector<PasswordQueue::Waiter>;

    void run();
    // Without the lock: it is slow enough, and looks at nothing that changes.
    [[nodiscard]] std::string key_of(const Request& request) const FOZ_NO_THREAD_SAFETY_ANALYSIS;
    void start_threads() FOZ_REQUIRES(mutex_);
    [[nodiscard]] std::string reason_of(PasswordQueue::Refusal refusal) const FOZ_REQUIRES(mutex_);
    void warn_that_checks_are_behind(SteadyTime now) FOZ_REQUIRES(mutex_);

    const Clock& clock_;
    const unsigned thread_count_;
    Mutex mutex_;
    ConditionVariable work_;
    KnownPasswords known_ FOZ_GUARDED_BY(mutex_);
    PasswordQueue queue_ FOZ_GUARDED_BY(mutex_);
    LogThrottle behind_ FOZ_GUARDED_BY(mutex_);
    bool stopping_ FOZ_GUARDED_BY(mutex_) = false;
    std::vector<std::thread> threads_ FOZ_GUARDED_BY(mutex_);
};

}  // namespace foz::access
