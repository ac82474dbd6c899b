// SPDX-License-Identifier: Apache-2.0
#include "journal/local/tail.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "journal/local/frame.h"

namespace foz::journal::local {

std::shared_ptr<const CommittedRun> CommittedRun::of(
        ByteView frames, std::shared_ptr<const Segment> segment, std::uint64_t offset) {
    FOZ_CHECK(!frames.empty());
    auto run = std::make_shared<CommittedRun>();
    run->segment = std::move(segment);
    run->offset = offset;
    run->first = load_frame_header(frames.data()).first;
    run->bytes = frames.size();
    run->frames = std::make_unique_for_overwrite<std::byte[]>(frames.size() + kReadablePadding);
    std::memcpy(run->frames.get(), frames.data(), frames.size());
    for (std::size_t at = 0; at < frames.size();) {
        const FrameHeader header = load_frame_header(frames.data() + at);
        run->end = header.end();
        at += header.frame_bytes();
    }
    return run;
}

void Tail::add(std::shared_ptr<const CommittedRun> run) {
    // What leaves is freed when the lock is not held any more.
    std::vector<std::shared_ptr<const CommittedRun>> leaving;
    const MutexLock lock(mutex_);
    FOZ_CHECK(runs_.empty() || runs_.back()->end <= run->first);
    bytes_ += run->bytes;
    runs_.push_back(std::move(run));
    while (bytes_ > bytes_max_) {
        bytes_ -= runs_.front()->bytes;
        leaving.push_back(std::move(runs_.front()));
        runs_.pop_front();
    }
}

bool Tail::wants(Position first, std::uint64_t bytes) {
    std::deque<std::shared_ptr<const CommittedRun>> leaving;  // as above
    const MutexLock lock(mutex_);
    const Position oldest = runs_.empty() ? first : runs_.front()->first;
    const bool in_reach = reached_.load(std::memory_order_relaxed) >= oldest;
    if (!in_reach) {
        std::swap(leaving, runs_);
        bytes_ = 0;
    }
    return in_reach && bytes <= bytes_max_;
}

void Tail::reached(Position position) {
    Position before = reached_.load(std::memory_order_relaxed);
    while (before < position &&
            !reached_.compare_exchange_weak(before, position, std::memory_order_relaxed)) {
    }
}

std::shared_ptr<const CommittedRun> Tail::find(Position position) const {
    const MutexLock lock(mutex_);
    const auto found =
            std::ranges::upper_bound(runs_, position, {}, [](const auto& run) { return run->end; });
    return found != runs_.end() && (*found)->first <= position ? *found : nullptr;
}

}  // namespace foz::journal::local
