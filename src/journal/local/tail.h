// SPDX-License-Identifier: Apache-2.0
// What was committed last, still in memory: a reader that keeps up with the writer takes its
// records from here and opens no file. Shared by reference, never copied again: a reader keeps
// alive what it reads. While no reader keeps up, nothing is copied here at all.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>

#include "base/bytes.h"
#include "base/mutex.h"
#include "journal/local/segment_list.h"

namespace foz::journal::local {

/// Frames of one commit, as they stand one after another in a segment. Immutable.
struct CommittedRun {
    std::shared_ptr<const Segment> segment;
    std::uint64_t offset = 0;  // in the segment's file, of the first frame
    Position first;            // of its first record
    Position end;
    std::uint64_t bytes = 0;
    std::unique_ptr<std::byte[]> frames;  // kReadablePadding readable bytes follow

    /// Copies `frames`, which must not be empty.
    [[nodiscard]] static std::shared_ptr<const CommittedRun> of(
            ByteView frames, std::shared_ptr<const Segment> segment, std::uint64_t offset);
};

/// The writer adds; readers, each on a thread of its own, look.
class Tail {
  public:
    /// Holds at most so many bytes of frames; 0: none.
    explicit Tail(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

    /// `run` is durable, and behind those before it. The oldest make room for it.
    void add(std::shared_ptr<const CommittedRun> run);
    /// The writer's: whether a run of `bytes` that begins at `first` is worth making: it has room,
    /// and a reader has come to what is kept, or to `first` if nothing is. Otherwise lets go of
    /// what is kept: nobody will reach it before it has to make room.
    [[nodiscard]] bool wants(Position first, std::uint64_t bytes);

    /// A reader is at `position`.
    void reached(Position position);

    /// The run with the record at `position`; null: it is not in memory.
    [[nodiscard]] std::shared_ptr<const CommittedRun> find(Position position) const;

  private:
    const std::uint64_t bytes_max_;
    std::atomic<Position> reached_;  // by the reader that is the furthest
    mutable Mutex mutex_;
    std::deque<std::shared_ptr<const CommittedRun>> runs_ FOZ_GUARDED_BY(mutex_);  // ascending
    std::uint64_t bytes_ FOZ_GUARDED_BY(mutex_) = 0;                               // of runs_
};

}  // namespace foz::journal::local
