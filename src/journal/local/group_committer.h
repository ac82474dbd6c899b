// SPDX-License-Identifier: Apache-2.0
// The journal's writer thread: takes all that is queued, writes it, syncs once, tells the
// listeners.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "journal/local/append_queue.h"
#include "journal/local/durable_progress.h"
#include "journal/local/frame.h"
#include "journal/local/housekeeper.h"
#include "journal/local/segment_list.h"
#include "journal/local/segment_writer.h"
#include "journal/local/tail.h"

namespace foz::journal::local {

/// Its constructor starts the thread, its destructor writes what is queued and stops it. What it is
/// given must outlive it.
class GroupCommitter {
  public:
    struct Dependencies {
        AppendQueue& queue;
        SegmentList& segments;
        DurableProgress& progress;
        Tail& tail;
        Housekeeper& housekeeper;
    };

    /// Goes on with `writer`, the last segment's.
    GroupCommitter(const Dependencies& dependencies, SegmentWriter writer);
    GroupCommitter(const GroupCommitter&) = delete;
    GroupCommitter& operator=(const GroupCommitter&) = delete;
    ~GroupCommitter();

  private:
    void run();
    /// Errors are final; no_space: the journal is being closed while there is no room.
    [[nodiscard]] Result<void> commit(Group& group);
    /// Seals the frames from `frame` on that fit into the segment, and returns how many bytes they
    /// are.
    [[nodiscard]] std::size_t seal_run(std::byte* frame, std::size_t bytes);
    /// They were written last, and are to be in the tail, if it wants them, once they are durable.
    void keep_for_tail(ByteView frames);
    [[nodiscard]] Result<void> start_segment(const FrameHeader& first_frame);
    [[nodiscard]] Result<void> sync(Position end);

    /// Calls `attempt` until it succeeds, or fails for another reason than lack of room; in between
    /// appends are refused. no_space: the journal is being closed.
    template <class Attempt>
    [[nodiscard]] auto until_there_is_space(Attempt attempt) -> decltype(attempt());
    void begin_stall(const Error& error);
    [[nodiscard]] bool wait_before_retry();  // false: the journal is being closed
    void fail(Error error);

    const Dependencies dependencies_;
    SegmentWriter writer_;
    std::vector<std::shared_ptr<const CommittedRun>> written_;  // since the last sync
    bool stalled_ = false;

    Mutex mutex_;
    ConditionVariable stop_;
    bool stopping_ FOZ_GUARDED_BY(mutex_) = false;

    std::thread thread_;
};

}  // namespace foz::journal::local
