// SPDX-License-Identifier: Apache-2.0
// A thread with an event loop, on which the connections of one source or bridge live. Boost.Asio's
// io_context behind it is seen by this folder's .cpp files only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace foz::client {

class Loop {
  public:
    /// Starts the thread, which has that name.
    explicit Loop(const std::string& name);
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    /// Ends the thread at once and waits for it. What lives on the loop must still be there.
    ~Loop();

    /// Runs `task` on the loop's thread, after what was posted before. Any thread.
    void post(std::function<void()> task);
    /// The same, after `delay`.
    void post_after(std::chrono::nanoseconds delay, std::function<void()> task);
    /// As post(), and waits until it has run. Any thread but the loop's own; the loop must be
    /// running.
    void run(const std::function<void()>& task);
    /// Ends the thread and waits for it; what was posted and has not run is dropped. Any thread but
    /// the loop's own.
    void stop();

    /// For this folder: the io_context.
    struct Context;
    [[nodiscard]] Context& context() { return *context_; }

  private:
    std::unique_ptr<Context> context_;
};

}  // namespace foz::client
