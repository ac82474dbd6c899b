// SPDX-License-Identifier: Apache-2.0
// Reads messages back out of the journal, or of what was set aside, for clients that come for them
// late, on a thread of its own: reactors and dispatcher never wait for a disk. The answer is a
// Handout with one item of Kind::fetched, which says how many of the positions it is for: a message
// of these that is not in it is gone for good. While the journal cannot be read for another reason,
// the requests wait.
//
// Public functions: any thread.
#pragma once

#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "delivery/handout.h"
#include "delivery/set_aside.h"
#include "journal/journal.h"

namespace foz::delivery {

class Fetcher {
  public:
    /// All must outlive it. `outlets`: the reactors, by their number. Starts the thread.
    /// `set_aside`: where to look for what the journal has no longer; may be null.
    Fetcher(journal::Readable& journal, SetAside* set_aside, const Clock& clock,
            std::vector<Outlet*> outlets);
    Fetcher(const Fetcher&) = delete;
    Fetcher& operator=(const Fetcher&) = delete;
    ~Fetcher() { stop(); }

    /// `positions` is sorted and not empty.
    void fetch(Recipient recipient, std::vector<journal::Position> positions);

    /// Ends the thread; nothing is handed out afterwards.
    void stop();

  private:
    struct Request {
        Recipient recipient;
        std::vector<journal::Position> positions;
    };

    void run();
    /// So many of the positions that the messages are not too large together; one at least.
    [[nodiscard]] Result<Handout> read(const Request& request);

    journal::Readable& journal_;
    SetAside* const set_aside_;
    const Clock& clock_;
    const std::vector<Outlet*> outlets_;
    LogThrottle error_throttle_;

    Mutex mutex_;
    ConditionVariable changed_;
    bool stop_ FOZ_GUARDED_BY(mutex_) = false;
    std::deque<Request> requests_ FOZ_GUARDED_BY(mutex_);

    std::thread thread_;  // last: it uses all of the above
};

}  // namespace foz::delivery
