// SPDX-License-Identifier: Apache-2.0
// Reads records, from memory where they are still there, otherwise across segments: the Reader of a
// journal of segment files, and the search by time.
#pragma once

#include <memory>

#include "base/file_system.h"
#include "journal/journal.h"
#include "journal/local/durable_progress.h"
#include "journal/local/frame_reader.h"
#include "journal/local/segment_list.h"
#include "journal/local/tail.h"

namespace foz::journal::local {

/// What the readers of one journal share; it outlives them.
struct ReadSide {
    FileSystem& files;
    const SegmentList& segments;
    const DurableProgress& progress;
    Tail* tail;  // null: of a journal that another process writes
};

class JournalReader final : public Reader {
  public:
    /// As Journal::read_from.
    [[nodiscard]] static Result<std::unique_ptr<Reader>> open(
            const ReadSide& side, Position position);

    JournalReader(const ReadSide& side, FrameReader frames, Position position)
        : side_(side), frames_(std::move(frames)), position_(position) {}

    [[nodiscard]] Result<std::optional<Record>> next() override;
    [[nodiscard]] Position position() const override { return position_; }

  private:
    /// Makes the frame with position_ the current one. False: nothing durable is left.
    [[nodiscard]] Result<bool> next_frame();
    /// The same from memory. False: it is not there.
    [[nodiscard]] bool next_frame_in_memory();
    /// The same from the segment's file.
    [[nodiscard]] Result<void> next_frame_in_file();
    [[nodiscard]] Result<void> next_segment();
    void set_frame(const FrameHeader& header, ByteView payload);
    [[nodiscard]] std::unexpected<Error> corrupt(const std::unexpected<Error>& what) const;
    [[nodiscard]] std::optional<Record> take_record();

    ReadSide side_;
    FrameReader frames_;
    std::shared_ptr<const CommittedRun> run_;  // when it reads from memory
    std::uint64_t run_offset_ = 0;             // of the next frame in it
    Position position_;
    // The current frame, from the record at frame_position_ on.
    ByteView records_;
    Position frame_position_;
    Position frame_end_;
    SystemTime frame_appended_;
    std::uint64_t frame_fingerprint_ = 0;
};

/// As Journal::position_at. When the clock was set back meanwhile several positions can be right:
/// one of them.
[[nodiscard]] Result<Position> find_time(const ReadSide& side, SystemTime time);

}  // namespace foz::journal::local
