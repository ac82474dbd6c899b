// SPDX-License-Identifier: Apache-2.0
// The journal's second thread: prepares the next segment while the writer fills the current one,
// saves the cursors about once a second, and removes the segments that retention lets go.
#pragma once

#include <optional>
#include <thread>

#include "base/file_system.h"
#include "base/mutex.h"
#include "journal/local/cursor_table.h"
#include "journal/local/durable_progress.h"
#include "journal/local/local_journal.h"
#include "journal/local/segment_list.h"
#include "journal/local/spare_segment.h"

namespace foz::journal::local {

/// Its constructor starts the thread, its destructor saves the cursors and stops it. What it is
/// given must outlive it.
class Housekeeper {
  public:
    struct Dependencies {
        const LocalJournalOptions& options;
        FileSystem& files;
        const Clock& clock;
        SegmentList& segments;
        CursorTable& cursors;
        const DurableProgress& progress;
    };

    explicit Housekeeper(const Dependencies& dependencies);
    Housekeeper(const Housekeeper&) = delete;
    Housekeeper& operator=(const Housekeeper&) = delete;
    ~Housekeeper();

    /// For the writer: this much of the current segment is in use. The next is filled by a third
    /// faster than this grows: ready when three quarters are used, and little load on the disk that
    /// the writer does not cause itself.
    void segment_used(std::uint64_t bytes);

    /// For the writer: waits for a segment file of at least `bytes_min` that is ready. Errors:
    /// no_space = the cap, or too little room on the disk, and nothing that every cursor has passed
    /// can be removed; try again later. Anything else: the disk is broken.
    [[nodiscard]] Result<SpareSegment> take_spare(std::uint64_t bytes_min);

  private:
    void run();
    [[nodiscard]] bool piece_wanted() const FOZ_REQUIRES(mutex_);
    void answer(Result<void> prepared) FOZ_REQUIRES(mutex_);
    // These reach the disk: the writer must not wait for them.
    [[nodiscard]] Result<void> prepare(std::uint64_t bytes_min, bool in_haste) FOZ_EXCLUDES(mutex_);
    void discard_spare() FOZ_EXCLUDES(mutex_);
    [[nodiscard]] Result<void> free_space(std::uint64_t bytes) FOZ_EXCLUDES(mutex_);
    [[nodiscard]] Result<std::uint64_t> bytes_missing(std::uint64_t bytes) const
            FOZ_EXCLUDES(mutex_);
    [[nodiscard]] Error no_space(std::uint64_t bytes) const;
    void save_cursors() FOZ_EXCLUDES(mutex_);
    void remove_segments(std::uint64_t bytes_needed) FOZ_EXCLUDES(mutex_);

    const Dependencies dependencies_;
    // The thread's alone:
    std::optional<SpareSegment> spare_;
    bool saving_fails_ = false;  // said so in the log

    Mutex mutex_;
    ConditionVariable work_;
    ConditionVariable answered_;
    std::uint64_t fill_wanted_ FOZ_GUARDED_BY(mutex_) = 0;
    std::uint64_t filled_ FOZ_GUARDED_BY(mutex_) = 0;  // of spare_
    // take_spare() waits for this many bytes, and for the answer.
    std::optional<std::uint64_t> request_ FOZ_GUARDED_BY(mutex_);
    std::optional<Result<SpareSegment>> answer_ FOZ_GUARDED_BY(mutex_);
    // Preparing failed: not again before the next save.
    bool resting_ FOZ_GUARDED_BY(mutex_) = false;
    bool stopping_ FOZ_GUARDED_BY(mutex_) = false;

    std::thread thread_;
};

}  // namespace foz::journal::local
