// SPDX-License-Identifier: Apache-2.0
#include "journal/local/segment_list.h"

#include <algorithm>

#include "base/check.h"

namespace foz::journal::local {

SegmentList::SegmentList(std::vector<std::shared_ptr<Segment>> segments)
    : segments_(std::move(segments)) {
    FOZ_CHECK(!segments_.empty());
    for (const auto& segment : segments_) {
        total_bytes_ += segment->file_bytes;
    }
}

void SegmentList::add(std::shared_ptr<Segment> segment) {
    const MutexLock lock(mutex_);
    Segment& last = *segments_.back();
    last.end.store(segment->header.first, std::memory_order_release);
    if (last.header.first == segment->header.first) {
        total_bytes_ -= last.file_bytes;
        segments_.pop_back();
    }
    total_bytes_ += segment->file_bytes;
    segments_.push_back(std::move(segment));
}

void SegmentList::remove_oldest() {
    const MutexLock lock(mutex_);
    FOZ_CHECK(segments_.size() > 1);
    total_bytes_ -= segments_.front()->file_bytes;
    segments_.erase(segments_.begin());
}

std::shared_ptr<Segment> SegmentList::find(Position position) const {
    const MutexLock lock(mutex_);
    const auto after = std::ranges::upper_bound(
            segments_, position, {}, [](const auto& segment) { return segment->header.first; });
    return after == segments_.begin() ? nullptr : *std::prev(after);
}

std::vector<std::shared_ptr<Segment>> SegmentList::snapshot() const {
    const MutexLock lock(mutex_);
    return segments_;
}

Position SegmentList::first() const {
    const MutexLock lock(mutex_);
    return segments_.front()->header.first;
}

std::size_t SegmentList::count() const {
    const MutexLock lock(mutex_);
    return segments_.size();
}

std::uint64_t SegmentList::total_bytes() const {
    const MutexLock lock(mutex_);
    return total_bytes_;
}

}  // namespace foz::journal::local
