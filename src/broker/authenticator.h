// SPDX-License-Identifier: Apache-2.0
// Checks passwords away from the event loops: each check is made to be slow (tls/password_file.h).
// Its threads start with the first password that is to be checked.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tls/password_file.h"

namespace foz::broker {

/// Any thread.
class Authenticator {
  public:
    /// How many may wait: with a check of 50 ms, what two cores do in a client's patience.
    static constexpr std::size_t kWaitingMax = 1'000;

    struct Request {
        std::shared_ptr<const tls::PasswordFile> passwords;
        std::string user_name;
        std::string password;
        std::function<void(bool right)> answer;  // on a thread of the authenticator
    };

    Authenticator() = default;
    Authenticator(const Authenticator&) = delete;
    Authenticator& operator=(const Authenticator&) = delete;
    ~Authenticator() { stop(); }

    /// False: too many wait already.
    [[nodiscard]] bool submit(Request request);

    /// Waits for the checks that are under way. Those that wait are dropped, without an answer.
    void stop();

  private:
    void run();

    std::mutex mutex_;
    std::condition_variable work_;
    std::deque<Request> waiting_;       // guarded by mutex_
    bool stopping_ = false;             // guarded by mutex_
    std::vector<std::thread> threads_;  // guarded by mutex_
};

}  // namespace foz::broker
