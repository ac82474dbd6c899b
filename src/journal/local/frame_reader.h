// SPDX-License-Identifier: Apache-2.0
// Reads the frames of one segment file in order, in large chunks, and verifies each once.
//
// Three outcomes: a frame, a clean end (nothing more below `readable_bytes`), or corruption.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/file_system.h"
#include "journal/local/frame.h"
#include "journal/local/segment_list.h"

namespace foz::journal::local {

struct Frame {
    FrameHeader header;
    std::uint64_t offset = 0;  // in the file
    /// Valid until the next call of next(); kReadablePadding readable bytes follow.
    ByteView payload;
};

/// One thread.
class FrameReader {
  public:
    /// `file` is the segment's, open for reading; a frame begins at `offset` in it.
    FrameReader(std::unique_ptr<File> file, std::shared_ptr<const Segment> segment,
            std::uint64_t offset = kSegmentHeaderBytes);

    /// The next frame that lies wholly below `readable_bytes`, which never shrinks. After
    /// corruption the reader stays where it is. Errors: corrupt, naming file and offset; io.
    [[nodiscard]] Result<std::optional<Frame>> next(std::uint64_t readable_bytes);

    /// As next(), but a frame that is not valid, whatever the reason, is the end: for recovery, and
    /// for those who read beyond what is known to be durable.
    [[nodiscard]] Result<std::optional<Frame>> next_if_valid(std::uint64_t readable_bytes);

    /// Makes the frame that was just yielded the next one again.
    void step_back(const Frame& frame) { offset_ = frame.offset; }

    /// Where the next frame starts.
    [[nodiscard]] std::uint64_t offset() const { return offset_; }
    [[nodiscard]] const Segment& segment() const { return *segment_; }

    /// An error about what is here, naming file and offset.
    [[nodiscard]] std::unexpected<Error> corrupt(std::string_view what) const;

  private:
    /// Makes `count` bytes at offset_ available in the buffer. False: the file or readable_bytes
    /// ends before.
    [[nodiscard]] Result<bool> load(std::uint64_t count, std::uint64_t readable_bytes);
    [[nodiscard]] const std::byte* here() const { return buffer_.get() + (offset_ - buffer_from_); }

    std::unique_ptr<File> file_;
    std::shared_ptr<const Segment> segment_;
    std::uint64_t offset_;
    std::unique_ptr<std::byte[]> buffer_;  // kReadablePadding longer than its capacity
    std::uint64_t buffer_capacity_ = 0;
    std::uint64_t buffer_from_ = 0;  // offset in the file of its first byte
    std::uint64_t buffer_bytes_ = 0;
};

/// Opens the file of `segment` for reading. Errors: not_found when retention has
/// removed it meanwhile; io.
[[nodiscard]] Result<std::unique_ptr<File>> open_segment(FileSystem& files, const Segment& segment);

}  // namespace foz::journal::local
