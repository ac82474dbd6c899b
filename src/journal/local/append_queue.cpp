// SPDX-License-Identifier: Apache-2.0
#include "journal/local/append_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "journal/local/frame.h"

namespace foz::journal::local {
namespace {

constexpr std::size_t kCapacityMin = 64 << 10;
constexpr std::size_t kCapacityKept = 4 << 20;

}  // namespace

std::byte* GrowingBytes::extend(std::size_t count) {
    if (count > capacity_ - size_) {
        const std::size_t capacity = std::max({kCapacityMin, 2 * capacity_, size_ + count});
        auto data = std::make_unique_for_overwrite<std::byte[]>(capacity);
        if (size_ > 0) {
            std::memcpy(data.get(), data_.get(), size_);
        }
        data_ = std::move(data);
        capacity_ = capacity;
    }
    std::byte* const at = data_.get() + size_;
    size_ += count;
    return at;
}

void GrowingBytes::clear() {
    size_ = 0;
    if (capacity_ > kCapacityKept) {
        data_.reset();
        capacity_ = 0;
    }
}

Result<Position> AppendQueue::append(const RecordBatch& batch) {
    const ByteView payload = batch.stored();
    FOZ_CHECK(!batch.empty());
    if (payload.size() > limits_.append_bytes_max) {
        return fail(ErrorCode::invalid,
                "an append of {} bytes is over the journal's limit of {} bytes", payload.size(),
                limits_.append_bytes_max);
    }
    FrameHeader header;
    header.payload_bytes = static_cast<std::uint32_t>(payload.size());
    header.count = batch.count();
    header.payload_crc = payload_checksum(payload);

    MutexLock lock(mutex_);
    if (auto error = refusal(header.frame_bytes())) {
        refused_ = true;
        return std::unexpected(*std::move(error));
    }
    header.first = end_;
    header.appended = clock_.system_now();
    std::byte* const frame = frames_.extend(header.frame_bytes());
    encode_frame_header(header, frame);
    std::memcpy(frame + kFrameHeaderBytes, payload.data(), payload.size());
    std::memset(
            frame + kFrameHeaderBytes + payload.size(), 0, padded(payload.size()) - payload.size());
    end_ = header.end();
    const Position end = end_;
    const bool wake = writer_waits_;
    writer_waits_ = false;
    lock.unlock();
    if (wake) {
        filled_.notify_one();
    }
    return end;
}

std::optional<Error> AppendQueue::refusal(std::uint64_t frame_bytes) const {
    if (stalled_) {
        return stalled_;
    }
    if (stopping_) {
        return Error{ErrorCode::unavailable, "the journal is being closed"};
    }
    const std::uint64_t queued = frames_.size() + group_bytes_;
    // One append larger than the whole limit is taken when nothing else waits.
    if (queued > 0 && queued + frame_bytes > limits_.queue_bytes_max) {
        return Error{ErrorCode::no_space, fmt::format("the journal's queue is full: {} bytes wait "
                                                      "for the disk (queue_bytes_max = {})",
                                                  queued, limits_.queue_bytes_max)};
    }
    return std::nullopt;
}

bool AppendQueue::take(Group& group) {
    group.frames.clear();
    const MutexLock lock(mutex_);
    while (frames_.size() == 0 && !stopping_) {
        writer_waits_ = true;
        filled_.wait(mutex_);
    }
    writer_waits_ = false;
    if (frames_.size() == 0) {
        return false;
    }
    std::swap(group.frames, frames_);
    group.end = end_;
    group_bytes_ = group.frames.size();
    return true;
}

bool AppendQueue::finish_group() {
    const MutexLock lock(mutex_);
    group_bytes_ = 0;
    return std::exchange(refused_, false);
}

void AppendQueue::set_stalled(std::optional<Error> error) {
    const MutexLock lock(mutex_);
    stalled_ = std::move(error);
}

void AppendQueue::stop() {
    {
        const MutexLock lock(mutex_);
        stopping_ = true;
    }
    filled_.notify_one();
}

Position AppendQueue::end() const {
    const MutexLock lock(mutex_);
    return end_;
}

std::uint64_t AppendQueue::queued_bytes() const {
    const MutexLock lock(mutex_);
    return frames_.size() + group_bytes_;
}

std::optional<Error> AppendQueue::stalled() const {
    const MutexLock lock(mutex_);
    return stalled_;
}

}  // namespace foz::journal::local
