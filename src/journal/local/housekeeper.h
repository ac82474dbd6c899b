// SPDX-License-Identifier: Apache-2.0
// The journal's second thread: prepares the next segment while the writer fills the current one,
// saves the cursors about once a second, and removes the segments that retention lets go.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/file_system.h"
#include "journal/local/cursor_table.h"
#include "journal/local/local_journal.h"
#include "journal/local/progress.h"
#include "journal/local/segment_list.h"
#include "journal/local/spare_segment.h"

namespace foz::journal::local {

/// Its constructor starts the thread, its destructor saves the cursors and stops it. What it is
/// given must outlive it.
class Housekeeper {
  public:
    struct Charge {
        const LocalJournalOptions& options;
        FileSystem& files;
        const Clock& clock;
        SegmentList& segments;
        CursorTable& cursors;
        const Progress& progress;
    };

    explicit Housekeeper(const Charge& charge);
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
    [[nodiscard]] bool piece_wanted() const;  // needs mutex_
    void answer(Result<void> prepared);       // needs mutex_
    [[nodiscard]] Result<void> prepare(std::uint64_t bytes_min, bool in_haste);
    void discard_spare();
    [[nodiscard]] Result<void> make_room(std::uint64_t bytes);
    [[nodiscard]] Result<std::uint64_t> bytes_missing(std::uint64_t bytes) const;
    [[nodiscard]] Error no_room(std::uint64_t bytes) const;
    void save_cursors();
    void remove_segments(std::uint64_t bytes_needed);

    const Charge charge_;
    std::optional<SpareSegment>
        spare_;                  // the thread's; the writer's while it takes it, under mutex_
    bool saving_fails_ = false;  // the thread's: said so in the log

    std::mutex mutex_;
    std::condition_variable work_;
    std::condition_variable answered_;
    // Guarded by mutex_:
    std::uint64_t fill_wanted_ = 0;
    std::uint64_t filled_ = 0;                    // of spare_
    std::optional<std::uint64_t> request_;        // take_spare() waits for this many bytes
    std::optional<Result<SpareSegment>> answer_;  // to request_
    bool resting_ = false;  // preparing failed: not again before the next save
    bool stopping_ = false;

    std::thread thread_;
};

}  // namespace foz::journal::local
