// SPDX-License-Identifier: Apache-2.0
#include "journal/local/journal_reader.h"

#include <algorithm>

namespace foz::journal::local {
namespace {

constexpr std::string_view kRecordsMissing = "the records before this frame are missing";

}  // namespace

Result<std::unique_ptr<Reader>> JournalReader::open(const ReadSide& side, Position position) {
    const Position end = side.progress.durable_end();
    if (position > end) {
        return fail(
                ErrorCode::not_found, "position {} is beyond the journal's end, {}", position, end);
    }
    const auto segment = side.segments.find(position);
    if (!segment) {
        return fail(ErrorCode::not_found,
                "position {} is no longer in the journal: its oldest record is {}", position,
                side.segments.first());
    }
    auto file = open_segment(side.files, *segment);
    if (!file) {
        return pass_on(file);
    }
    const std::uint64_t offset = segment->index.offset_before(position, kSegmentHeaderBytes);
    return std::make_unique<JournalReader>(
            side, FrameReader(*std::move(file), segment, offset), position);
}

Result<std::optional<Record>> JournalReader::next() {
    while (true) {
        if (frame_position_ < frame_end_) [[likely]] {
            const auto record = take_record();
            if (!record) {
                return corrupt(frames_.corrupt("a record is longer than its frame"));
            }
            if (record->position < position_) {
                continue;  // the reader starts in the middle of this frame
            }
            position_ = record->position.next();
            return record;
        }
        auto found = next_frame();
        if (!found) {
            return pass_on(found);
        }
        if (!*found) {
            return std::nullopt;
        }
    }
}

std::optional<Record> JournalReader::take_record() {
    if (records_.size() < kRecordHeaderBytes) {
        return std::nullopt;
    }
    const auto length = load_little<std::uint32_t>(records_.data());
    if (length > records_.size() - kRecordHeaderBytes) {
        return std::nullopt;
    }
    const Record record{frame_position_, frame_appended_,
        load_little<std::uint8_t>(records_.data() + 4),
        records_.subspan(kRecordHeaderBytes, length), frame_fingerprint_};
    records_ = records_.subspan(kRecordHeaderBytes + length);
    frame_position_ = frame_position_.next();
    return record;
}

Result<bool> JournalReader::next_frame() {
    if (side_.tail != nullptr) {
        side_.tail->reached(position_);
    }
    if (position_ >= side_.progress.durable_end()) {
        return false;
    }
    if (next_frame_in_memory()) {
        return true;
    }
    if (auto found = next_frame_in_file(); !found) {
        return pass_on(found);
    }
    return true;
}

bool JournalReader::next_frame_in_memory() {
    if (side_.tail == nullptr) {
        return false;
    }
    if (run_ == nullptr || position_ >= run_->end) {
        auto next = side_.tail->find(position_);
        if (next == nullptr) {
            return false;
        }
        run_ = std::move(next);
        run_offset_ = 0;
    }
    while (true) {
        const std::byte* const frame = run_->frames.get() + run_offset_;
        const FrameHeader header = load_frame_header(frame);
        run_offset_ += header.frame_bytes();
        if (header.end() > position_) {
            set_frame(header, ByteView(frame + kFrameHeaderBytes, header.payload_bytes));
            return true;
        }
    }
}

Result<void> JournalReader::next_frame_in_file() {
    if (run_ != nullptr) {
        // It has fallen behind what is kept in memory: on in the file, where that ended.
        auto file = open_segment(side_.files, *run_->segment);
        if (!file) {
            return pass_on(file);
        }
        frames_ = FrameReader(*std::move(file), run_->segment, run_->offset + run_->bytes);
        run_.reset();
    }
    while (true) {
        const Segment& segment = frames_.segment();
        if (position_ >= segment.end.load(std::memory_order_acquire)) {
            if (auto moved = next_segment(); !moved) {
                return moved;
            }
            continue;
        }
        // What is durable lies below readable_bytes, which was set first, or in a later segment.
        auto next = frames_.next(segment.readable_bytes.load(std::memory_order_acquire));
        if (!next) {
            return next.error().code == ErrorCode::corrupt ? corrupt(pass_on(next)) : pass_on(next);
        }
        const auto& frame = *next;
        if (!frame) {
            return corrupt(frames_.corrupt("the segment ends before this position"));
        }
        if (frame->header.first > position_) {
            frames_.step_back(*frame);  // asked again, the answer is the same
            return corrupt(frames_.corrupt(kRecordsMissing));
        }
        segment.index.note(frame->header.first, frame->offset);
        if (frame->header.end() > position_) {
            set_frame(frame->header, frame->payload);
            return {};
        }
    }
}

void JournalReader::set_frame(const FrameHeader& header, ByteView payload) {
    records_ = payload;
    frame_position_ = header.first;
    frame_end_ = header.end();
    frame_appended_ = header.appended;
    frame_fingerprint_ = header.fingerprint();
}

Result<void> JournalReader::next_segment() {
    const auto segment = side_.segments.find(position_);
    if (!segment) {
        return fail(ErrorCode::not_found,
                "position {} is no longer in the journal: its oldest record is {}", position_,
                side_.segments.first());
    }
    auto file = open_segment(side_.files, *segment);
    if (!file) {
        return pass_on(file);
    }
    frames_ = FrameReader(*std::move(file), segment);
    return {};
}

std::unexpected<Error> JournalReader::corrupt(const std::unexpected<Error>& what) const {
    return fail(ErrorCode::corrupt,
            "the journal cannot be read at position {}: {}; restore that file from a backup, or "
            "move the journal folder away to start with an empty one",
            position_, what.error().message);
}

namespace {

/// The first position in `segment` appended at or after `time`; nothing when all of it is older.
Result<std::optional<Position>> find_time_in_segment(
        const ReadSide& side, const std::shared_ptr<Segment>& segment, SystemTime time) {
    const Position durable_end = side.progress.durable_end();
    auto file = open_segment(side.files, *segment);
    if (!file) {
        return pass_on(file);
    }
    FrameReader frames(*std::move(file), segment);
    Position position = segment->header.first;
    while (position < std::min(durable_end, segment->end.load())) {
        auto next = frames.next(segment->readable_bytes.load(std::memory_order_acquire));
        if (!next) {
            return pass_on(next);
        }
        const auto& frame = *next;
        if (!frame) {
            break;
        }
        if (frame->header.first != position) {
            frames.step_back(*frame);
            return frames.corrupt(kRecordsMissing);
        }
        if (frame->header.appended >= time) {
            return position;
        }
        position = frame->header.end();
    }
    return std::nullopt;
}

}  // namespace

Result<Position> find_time(const ReadSide& side, SystemTime time) {
    const auto segments = side.segments.snapshot();
    // The first segment that begins at or after `time`; the one before it may have such records,
    // too.
    const auto after = std::ranges::partition_point(segments,
            [time](const auto& segment) { return segment->header.first_appended < time; });
    if (after != segments.begin()) {
        auto looked = find_time_in_segment(side, *std::prev(after), time);
        if (!looked) {
            return pass_on(looked);
        }
        if (const std::optional<Position>& found = *looked) {
            return *found;
        }
    }
    return after == segments.end() ? side.progress.durable_end()
                                   : std::min((*after)->header.first, side.progress.durable_end());
}

}  // namespace foz::journal::local
