// SPDX-License-Identifier: Apache-2.0
// Reads records across segments: the Reader of a journal of segment files, and the search by time.
#pragma once

#include <memory>

#include "base/file_system.h"
#include "journal/journal.h"
#include "journal/local/frame_reader.h"
#include "journal/local/progress.h"
#include "journal/local/segment_list.h"

namespace foz::journal::local {

/// What the readers of one journal share; it outlives them.
struct ReadSide {
    FileSystem& files;
    const SegmentList& segments;
    const Progress& progress;
};

class JournalReader final : public Reader {
  public:
    /// As Journal::read_from.
    [[nodiscard]] static Result<std::unique_ptr<Reader>> open(
        const ReadSide& side, Position position
    );

    JournalReader(const ReadSide& side, FrameReader frames, Position position)
        : side_(side), frames_(std::move(frames)), position_(position) {}

    [[nodiscard]] Result<std::optional<Record>> next() override;
    [[nodiscard]] Position position() const override { return position_; }

  private:
    /// Makes the frame with position_ the current one. False: nothing durable is left.
    [[nodiscard]] Result<bool> next_frame();
    [[nodiscard]] Result<bool> next_segment();
    [[nodiscard]] std::unexpected<Error> corrupt(const std::unexpected<Error>& what) const;
    [[nodiscard]] std::optional<Record> take_record();

    ReadSide side_;
    FrameReader frames_;
    Position position_;
    // The current frame, from the record at frame_position_ on.
    ByteView records_;
    Position frame_position_ = 0;
    Position frame_end_ = 0;
    SystemTime frame_appended_;
    std::uint64_t frame_fingerprint_ = 0;
};

/// As Journal::position_at. When the clock was set back meanwhile several positions can be right:
/// one of them.
[[nodiscard]] Result<Position> find_time(const ReadSide& side, SystemTime time);

}  // namespace foz::journal::local
