// SPDX-License-Identifier: Apache-2.0
#include "journal/local/group_committer.h"

#include "base/log.h"
#include "base/thread.h"

namespace foz::journal::local {
namespace {

constexpr auto kRetryInterval = std::chrono::milliseconds(100);

// While commits carry more than one record, the next begins so long after the last one began. A
// commit costs the machine about as much CPU as ten messages, however few it carries; without a
// pause a disk that syncs in 0.1 ms gets thousands of small ones, and they take the cores from
// those who receive (docs/decisions/0007). A record that comes alone, and the next of a device that
// waits for each acknowledgement, are committed at once.
constexpr auto kCommitInterval = std::chrono::microseconds(500);

/// A sync that failed for lack of room is like any other that failed: trying again proves nothing.
std::unexpected<Error> final_error(Error error) {
    error.code = ErrorCode::io;
    return std::unexpected(std::move(error));
}

}  // namespace

GroupCommitter::GroupCommitter(const Dependencies& dependencies, SegmentWriter writer)
    : dependencies_(dependencies), writer_(std::move(writer)), thread_([this] { run(); }) {}

GroupCommitter::~GroupCommitter() {
    dependencies_.queue.stop();
    {
        const MutexLock lock(mutex_);
        stopping_ = true;
    }
    stop_.notify_one();
    thread_.join();
}

void GroupCommitter::run() {
    set_thread_name("journal-writer");
    Group group;
    SteadyTime next_commit;
    while (true) {
        std::this_thread::sleep_until(next_commit);
        if (!dependencies_.queue.take(group)) {
            return;
        }
        const bool shared = records_between(dependencies_.progress.durable_end(), group.end) > 1;
        next_commit = shared ? std::chrono::steady_clock::now() + kCommitInterval : SteadyTime();
        if (auto committed = commit(group); !committed) {
            fail(std::move(committed.error()));
            return;
        }
        if (stalled_) {
            stalled_ = false;
            dependencies_.queue.set_stalled(std::nullopt);
            spdlog::info("journal: there is room again");
        }
        if (dependencies_.queue.finish_group()) {
            dependencies_.progress.note_space();
        }
    }
}

Result<void> GroupCommitter::commit(Group& group) {
    std::byte* frame = group.frames.data();
    std::size_t left = group.frames.size();
    while (left > 0) {
        const std::size_t run_bytes = seal_run(frame, left);
        if (run_bytes == 0) {
            if (auto started = start_segment(load_frame_header(frame)); !started) {
                return started;
            }
            continue;
        }
        auto appended =
                until_there_is_space([&] { return writer_.append(ByteView(frame, run_bytes)); });
        if (!appended) {
            return appended;
        }
        keep_for_tail(ByteView(frame, run_bytes));
        frame += run_bytes;
        left -= run_bytes;
    }
    auto synced = sync(group.end);
    dependencies_.housekeeper.segment_used(writer_.offset());
    return synced;
}

std::size_t GroupCommitter::seal_run(std::byte* frame, std::size_t bytes) {
    const Position durable_end = dependencies_.progress.durable_end();
    std::size_t run_bytes = 0;
    while (run_bytes < bytes) {
        const std::uint64_t frame_bytes = load_frame_header(frame + run_bytes).frame_bytes();
        if (run_bytes + frame_bytes > writer_.bytes_left()) {
            break;
        }
        seal_frame(frame + run_bytes, durable_end, writer_.segment().frame_seed);
        run_bytes += frame_bytes;
    }
    return run_bytes;
}

void GroupCommitter::keep_for_tail(ByteView frames) {
    const Position first = load_frame_header(frames.data()).first;
    const auto segment = writer_.shared_segment();
    const std::uint64_t offset = writer_.offset() - frames.size();
    segment->index.note(first, offset);
    if (dependencies_.tail.wants(first, frames.size())) {
        written_.push_back(CommittedRun::of(frames, segment, offset));
    }
}

Result<void> GroupCommitter::start_segment(const FrameHeader& first_frame) {
    // A segment that has a successor is whole: recovery looks for a torn tail in the last one only.
    if (auto synced = sync(first_frame.first); !synced) {
        return synced;
    }
    auto spare = until_there_is_space([&] {
        auto taken = dependencies_.housekeeper.take_spare(
                kSegmentHeaderBytes + first_frame.frame_bytes());
        if (!taken && taken.error().code != ErrorCode::no_space) {
            // The file that could not be prepared is gone and held no record: another may do.
            taken = foz::fail(ErrorCode::no_space,
                    "cannot prepare a new segment: {}; look after the disk, foz tries again by "
                    "itself",
                    taken.error().message);
        }
        return taken;
    });
    if (!spare) {
        return pass_on(spare);
    }
    const SegmentHeader& old = writer_.segment().header;
    // An empty segment that this frame is too large for is replaced: two cannot start at one
    // position.
    const Position previous = writer_.empty() ? old.previous_first : old.first;
    auto activated =
            spare->activate({old.journal, first_frame.first, previous, first_frame.appended});
    if (!activated) {
        return final_error(std::move(activated.error()));
    }
    writer_ = SegmentWriter(activated->segment, std::move(activated->file), kSegmentHeaderBytes);
    dependencies_.segments.add(std::move(activated->segment));
    return {};
}

Result<void> GroupCommitter::sync(Position end) {
    if (end == dependencies_.progress.durable_end()) {
        return {};
    }
    auto synced = writer_.sync();
    if (!synced) {
        return final_error(std::move(synced.error()));
    }
    // Before those who wait for it are told.
    for (auto& run : written_) {
        dependencies_.tail.add(std::move(run));
    }
    written_.clear();
    dependencies_.progress.advance(end);
    return {};
}

template <class Attempt>
auto GroupCommitter::until_there_is_space(Attempt attempt) -> decltype(attempt()) {
    while (true) {
        auto result = attempt();
        if (result || result.error().code != ErrorCode::no_space) {
            return result;
        }
        begin_stall(result.error());
        if (!wait_before_retry()) {
            return result;
        }
    }
}

void GroupCommitter::begin_stall(const Error& error) {
    if (!stalled_) {
        spdlog::warn("journal: appends are refused: {}", error.message);
    }
    stalled_ = true;
    dependencies_.queue.set_stalled(error);
}

bool GroupCommitter::wait_before_retry() {
    const MutexLock lock(mutex_);
    return !stop_.wait_for(
            mutex_, kRetryInterval, [this]() FOZ_REQUIRES(mutex_) { return stopping_; });
}

void GroupCommitter::fail(Error error) {
    if (error.code == ErrorCode::no_space) {
        spdlog::warn(
                "journal: closed without room for what was queued, which nobody was told to be "
                "safe");
        return;
    }
    const Error failure{ErrorCode::io,
        fmt::format(
                "the journal takes nothing any more: {}. What the disk holds beyond position {} is "
                "unknown; look after the disk, then restart foz, which recovers what is there",
                error.message, dependencies_.progress.durable_end())};
    spdlog::error("journal: {}", failure.message);
    dependencies_.queue.set_stalled(failure);
    dependencies_.progress.fail(failure);
}

}  // namespace foz::journal::local
