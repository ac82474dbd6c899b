// SPDX-License-Identifier: Apache-2.0
#include "journal/local/housekeeper.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "base/thread.h"
#include "journal/local/retention.h"

namespace foz::journal::local {
namespace {

constexpr auto kSaveInterval = std::chrono::seconds(1);
// A spare that is so far behind is not filled any more, only allocated: groups that fill segments
// so fast are large, and lose little by a slower sync; the zeros would take half of the disk from
// them.
constexpr std::uint64_t kBehindMax = 8 << 20;

}  // namespace

Housekeeper::Housekeeper(const Dependencies& dependencies)
    : dependencies_(dependencies), thread_([this] { run(); }) {}

Housekeeper::~Housekeeper() {
    {
        const MutexLock lock(mutex_);
        stopping_ = true;
    }
    work_.notify_one();
    thread_.join();
    save_cursors();
    discard_spare();
}

void Housekeeper::segment_used(std::uint64_t bytes) {
    bool wake = false;
    {
        const MutexLock lock(mutex_);
        const bool wanted_before = piece_wanted();
        fill_wanted_ = std::min(bytes + bytes / 3, dependencies_.options.segment_bytes);
        wake = !wanted_before && piece_wanted();
    }
    if (wake) {
        work_.notify_one();
    }
}

Result<SpareSegment> Housekeeper::take_spare(std::uint64_t bytes_min) {
    const MutexLock lock(mutex_);
    request_ = bytes_min;
    work_.notify_one();
    answered_.wait(mutex_, [this]() FOZ_REQUIRES(mutex_) { return answer_.has_value(); });
    FOZ_CHECK(answer_);
    Result<SpareSegment> answer = *std::move(answer_);
    answer_.reset();
    return answer;
}

bool Housekeeper::piece_wanted() const {
    return request_.has_value() || (filled_ < fill_wanted_ && !resting_);
}

void Housekeeper::run() {
    set_thread_name("journal-keeper");
    auto save_at = std::chrono::steady_clock::now() + kSaveInterval;
    MutexLock lock(mutex_);
    while (true) {
        work_.wait_until(mutex_, save_at,
                [this]() FOZ_REQUIRES(mutex_) { return stopping_ || piece_wanted(); });
        if (stopping_) {
            return;
        }
        if (std::chrono::steady_clock::now() >= save_at) {
            resting_ = false;
            lock.unlock();
            save_cursors();
            remove_segments(0);
            save_at = std::chrono::steady_clock::now() + kSaveInterval;
            lock.lock();
        }
        if (piece_wanted()) {
            const std::uint64_t bytes_min =
                    std::max(request_.value_or(0), dependencies_.options.segment_bytes);
            const bool in_haste = request_.has_value() || fill_wanted_ > filled_ + kBehindMax;
            lock.unlock();
            auto prepared = prepare(bytes_min, in_haste);
            lock.lock();
            answer(std::move(prepared));
        }
    }
}

void Housekeeper::answer(Result<void> prepared) {
    filled_ = spare_ ? spare_->filled() : 0;
    resting_ = !prepared;
    if (!request_) {
        return;
    }
    if (!prepared) {
        answer_.emplace(pass_on(prepared));
    } else if (spare_ && spare_->ready() && spare_->bytes() >= *request_) {
        answer_.emplace(*std::move(spare_));
        spare_.reset();
        filled_ = 0;
        fill_wanted_ = 0;
    } else {
        return;
    }
    request_.reset();
    answered_.notify_one();
}

Result<void> Housekeeper::prepare(std::uint64_t bytes_min, bool in_haste) {
    if (spare_ && spare_->bytes() < bytes_min) {
        // A single large append needs a larger segment, and on a disk that is nearly full the room
        // that this one takes.
        discard_spare();
    }
    if (!spare_) {
        if (auto room = free_space(bytes_min); !room) {
            return room;
        }
        auto created = SpareSegment::create(
                dependencies_.files, dependencies_.options.directory, bytes_min);
        if (!created) {
            return pass_on(created);
        }
        spare_ = *std::move(created);
    }
    if (spare_->ready()) {
        return {};
    }
    auto advanced = in_haste ? spare_->hurry() : spare_->advance();
    if (!advanced) {
        discard_spare();
    }
    return advanced;
}

void Housekeeper::discard_spare() {
    spare_.reset();
    SpareSegment::discard(dependencies_.files, dependencies_.options.directory);
}

Result<void> Housekeeper::free_space(std::uint64_t bytes) {
    auto missing = bytes_missing(bytes);
    if (missing && *missing > 0) {
        save_cursors();
        remove_segments(*missing);
        missing = bytes_missing(bytes);
    }
    if (!missing) {
        return pass_on(missing);
    }
    if (*missing > 0) {
        return std::unexpected(no_space(bytes));
    }
    return {};
}

Result<std::uint64_t> Housekeeper::bytes_missing(std::uint64_t bytes) const {
    const auto free = dependencies_.files.free_space(dependencies_.options.directory);
    if (!free) {
        return std::unexpected(free.error());
    }
    const std::uint64_t wanted_on_disk = dependencies_.options.free_space_min + bytes;
    const std::uint64_t wanted_total = dependencies_.segments.total_bytes() + bytes;
    return std::max(wanted_on_disk - std::min(*free, wanted_on_disk),
            wanted_total - std::min(dependencies_.options.size_max, wanted_total));
}

Error Housekeeper::no_space(std::uint64_t bytes) const {
    const LocalJournalOptions& options = dependencies_.options;
    const auto slowest = dependencies_.cursors.slowest();
    const std::string reader = slowest ? fmt::format("its slowest reader, {}, is at position {}",
                                                 slowest->name, slowest->position)
                                       : std::string("it has no reader");
    if (dependencies_.segments.total_bytes() + bytes > options.size_max) {
        return {ErrorCode::no_space,
            fmt::format("the journal in {} has reached its cap (size_max = {} bytes) and {}; it "
                        "goes on when its readers have caught up, or with a larger size_max",
                    options.directory.string(), options.size_max, reader)};
    }
    return {ErrorCode::no_space,
        fmt::format("too little room on the disk of {}: the journal needs {} bytes and leaves {} "
                    "free (free_space_min), and {}; it goes on by itself when there is room",
                options.directory.string(), bytes, options.free_space_min, reader)};
}

void Housekeeper::save_cursors() {
    const auto saved =
            dependencies_.cursors.save(dependencies_.files, dependencies_.options.directory,
                    dependencies_.segments.first(), dependencies_.progress.durable_end());
    if (!saved && !saving_fails_) {
        spdlog::warn("journal: the cursors are not saved, so nothing can be removed: {}",
                saved.error().message);
    }
    saving_fails_ = !saved;
}

void Housekeeper::remove_segments(std::uint64_t bytes_needed) {
    const LocalJournalOptions& options = dependencies_.options;
    const auto segments = dependencies_.segments.snapshot();
    const std::size_t count = segments_to_remove(segments, dependencies_.cursors.passed(),
            dependencies_.clock.system_now(),
            {options.retain_bytes, options.retain_age, bytes_needed});
    for (std::size_t i = 0; i < count; ++i) {
        auto removed = dependencies_.files.remove(segments[i]->path);
        if (removed || removed.error().code == ErrorCode::not_found) {
            // One by one: a crash must not leave a gap between segments that are still there.
            removed = sync_directory(dependencies_.files, options.directory);
        }
        if (!removed) {
            spdlog::warn("journal: {}", removed.error().message);
            return;
        }
        dependencies_.segments.remove_oldest();
        spdlog::debug("journal: removed {}", segments[i]->path.string());
    }
}

}  // namespace foz::journal::local
