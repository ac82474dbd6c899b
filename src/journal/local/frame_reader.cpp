// SPDX-License-Identifier: Apache-2.0
#include "journal/local/frame_reader.h"

#include <algorithm>

namespace foz::journal::local {
namespace {

// Large enough that a system call costs nothing for each record, small enough for the second-level
// cache.
constexpr std::uint64_t kChunkBytes = 256 << 10;

}  // namespace

FrameReader::FrameReader(
        std::unique_ptr<File> file, std::shared_ptr<const Segment> segment, std::uint64_t offset)
    : file_(std::move(file)), segment_(std::move(segment)), offset_(offset) {}

Result<bool> FrameReader::load(std::uint64_t count, std::uint64_t readable_bytes) {
    if (offset_ + count <= buffer_from_ + buffer_bytes_) {
        return true;
    }
    if (offset_ + count > readable_bytes) {
        return false;
    }
    const std::uint64_t wanted = std::min(std::max(count, kChunkBytes), readable_bytes - offset_);
    // Back to the usual size after a frame that needed more.
    const std::uint64_t capacity = std::max(count, kChunkBytes);
    if (capacity > buffer_capacity_ || buffer_capacity_ > std::max(count, 2 * kChunkBytes)) {
        buffer_ = std::make_unique_for_overwrite<std::byte[]>(capacity + kReadablePadding);
        buffer_capacity_ = capacity;
    }
    buffer_from_ = offset_;
    buffer_bytes_ = 0;
    auto done = file_->read_at(offset_, std::span(buffer_.get(), wanted));
    if (!done) {
        return pass_on(done);
    }
    buffer_bytes_ = *done;
    return count <= buffer_bytes_;
}

Result<std::optional<Frame>> FrameReader::next(std::uint64_t readable_bytes) {
    auto loaded = load(kFrameHeaderBytes, readable_bytes);
    if (!loaded) {
        return pass_on(loaded);
    }
    if (!*loaded) {
        return std::nullopt;
    }
    const auto header = decode_frame_header(here(), segment_->frame_seed);
    if (!header) {
        return corrupt("no valid frame header");
    }
    if (offset_ + header->frame_bytes() > readable_bytes) {
        return corrupt("a frame reaches beyond what was written");
    }
    loaded = load(header->frame_bytes(), readable_bytes);
    if (!loaded) {
        return pass_on(loaded);
    }
    if (!*loaded) {
        return corrupt("the file ends inside a frame");
    }
    const ByteView padded_payload(
            here() + kFrameHeaderBytes, header->frame_bytes() - kFrameHeaderBytes);
    if (payload_checksum(padded_payload) != header->payload_crc) {
        return corrupt("the records do not have the checksum that they were written with");
    }
    const Frame frame{*header, offset_, padded_payload.first(header->payload_bytes)};
    offset_ += header->frame_bytes();
    return frame;
}

Result<std::optional<Frame>> FrameReader::next_if_valid(std::uint64_t readable_bytes) {
    auto frame = next(readable_bytes);
    if (!frame && frame.error().code == ErrorCode::corrupt) {
        return std::nullopt;
    }
    return frame;
}

std::unexpected<Error> FrameReader::corrupt(std::string_view what) const {
    return fail(ErrorCode::corrupt, "{}, offset {}: {}", segment_->path.string(), offset_, what);
}

Result<std::unique_ptr<File>> open_segment(FileSystem& files, const Segment& segment) {
    auto file = files.open(segment.path, OpenMode::read);
    if (!file && file.error().code == ErrorCode::not_found) {
        return fail(ErrorCode::not_found,
                "{} is no longer there: its records, from position {}, have been removed",
                segment.path.string(), segment.header.first);
    }
    return file;
}

}  // namespace foz::journal::local
