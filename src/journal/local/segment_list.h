// SPDX-License-Identifier: Apache-2.0
// The segments that make up the journal, oldest first, and what their readers and their writer need
// to know of each other.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "journal/local/frame_index.h"
#include "journal/local/segment_header.h"

namespace foz::journal::local {

/// One segment file. The constants may be read by any thread; the atomics are the writer's to set.
struct Segment {
    static constexpr Position kOpenEnd = Position::beyond_all();

    Segment(std::filesystem::path file_path, const SegmentHeader& segment_header,
            std::uint64_t size)
        : path(std::move(file_path)),
          header(segment_header),
          frame_seed(segment_header.frame_seed()),
          file_bytes(size),
          readable_bytes(kSegmentHeaderBytes) {}

    const std::filesystem::path path;
    const SegmentHeader header;
    const std::uint32_t frame_seed;
    const std::uint64_t file_bytes;
    /// Bytes from the file's start that hold durable frames, or more: `end` says which is the last.
    std::atomic<std::uint64_t> readable_bytes;
    /// The first position of the next segment; kOpenEnd while this is the last.
    std::atomic<Position> end = kOpenEnd;
    /// For readers to begin near what they look for.
    mutable FrameIndex index;
};

/// Never empty. Any thread may call any method.
class SegmentList {
  public:
    /// `segments` are linked already, and not empty.
    explicit SegmentList(std::vector<std::shared_ptr<Segment>> segments);

    /// Adds the newest segment; the one before it ends where this one starts, and if that is where
    /// it starts itself, this one replaces it.
    void add(std::shared_ptr<Segment> segment);
    void remove_oldest();

    /// The segment that has `position`, which must lie below the end; null when it is older than
    /// the oldest. A position at the end lies in the last segment.
    [[nodiscard]] std::shared_ptr<Segment> find(Position position) const;
    [[nodiscard]] std::vector<std::shared_ptr<Segment>> snapshot() const;
    [[nodiscard]] Position first() const;
    [[nodiscard]] std::size_t count() const;
    [[nodiscard]] std::uint64_t total_bytes() const;

  private:
    mutable Mutex mutex_;
    std::vector<std::shared_ptr<Segment>> segments_ FOZ_GUARDED_BY(mutex_);
    std::uint64_t total_bytes_ FOZ_GUARDED_BY(mutex_) = 0;
};

}  // namespace foz::journal::local
