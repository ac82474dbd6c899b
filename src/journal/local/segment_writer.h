// SPDX-License-Identifier: Apache-2.0
// Appends frames to the last segment file.
#pragma once

#include <memory>

#include "base/file_system.h"
#include "journal/local/segment_list.h"

namespace foz::journal::local {

/// The writer thread's.
class SegmentWriter {
  public:
    /// `file` is the segment's, open for writing; frames go on at `offset`.
    SegmentWriter(
            std::shared_ptr<Segment> segment, std::unique_ptr<File> file, std::uint64_t offset)
        : segment_(std::move(segment)), file_(std::move(file)), offset_(offset) {
        segment_->readable_bytes.store(offset, std::memory_order_release);
    }

    [[nodiscard]] const Segment& segment() const { return *segment_; }
    [[nodiscard]] std::shared_ptr<const Segment> shared_segment() const { return segment_; }
    [[nodiscard]] std::uint64_t offset() const { return offset_; }
    [[nodiscard]] bool empty() const { return offset_ == kSegmentHeaderBytes; }
    [[nodiscard]] std::uint64_t bytes_left() const { return segment_->file_bytes - offset_; }

    /// `frames` must fit into bytes_left(). After an error nothing has been appended, and the same
    /// may be tried again.
    [[nodiscard]] Result<void> append(ByteView frames);

    /// Makes what was appended durable and readable. An error is final: it is unknown what the disk
    /// has.
    [[nodiscard]] Result<void> sync();

  private:
    std::shared_ptr<Segment> segment_;
    std::unique_ptr<File> file_;
    std::uint64_t offset_;
};

}  // namespace foz::journal::local
