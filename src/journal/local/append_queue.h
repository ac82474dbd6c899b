// SPDX-License-Identifier: Apache-2.0
// What has been accepted but not yet written: the appenders' side of the journal. Gives out
// positions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "journal/journal.h"

namespace foz::journal::local {

/// Bytes that grow at the end, without being zeroed first. One thread.
class GrowingBytes {
  public:
    [[nodiscard]] std::byte* data() { return data_.get(); }
    [[nodiscard]] std::size_t size() const { return size_; }
    /// Makes room for `count` more bytes and returns where they go.
    [[nodiscard]] std::byte* extend(std::size_t count);
    /// Empties it; gives memory back when a burst has made it large.
    void clear();

  private:
    std::unique_ptr<std::byte[]> data_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

/// What one group commit writes: frames, one after another, not yet sealed.
struct Group {
    GrowingBytes frames;
    Position end;
};

/// Appenders call append() from any thread. The writer thread calls the rest; status calls and
/// stop() may come from any.
class AppendQueue {
  public:
    struct Limits {
        std::uint64_t queue_bytes_max = 0;
        std::uint64_t append_bytes_max = 0;  // one batch in its stored form
    };

    AppendQueue(Limits limits, Position end, const Clock& clock)
        : limits_(limits), clock_(clock), end_(end) {}

    /// As Journal::append, but gives the end after the records.
    [[nodiscard]] Result<Position> append(const RecordBatch& batch);

    /// Waits until there is something to write, and moves it into `group`, which is cleared first.
    /// False when stop() was called and everything has been taken.
    [[nodiscard]] bool take(Group& group);
    /// The group that was taken last is on disk. True when an append was refused since the last
    /// call: its appender waits for Listener::on_space.
    [[nodiscard]] bool finish_group();

    /// From now on append() returns this error; nothing: it works again.
    void set_stalled(std::optional<Error> error);
    void stop();

    [[nodiscard]] Position end() const;
    [[nodiscard]] std::uint64_t queued_bytes() const;
    [[nodiscard]] std::optional<Error> stalled() const;

  private:
    [[nodiscard]] std::optional<Error> refusal(std::uint64_t frame_bytes) const
            FOZ_REQUIRES(mutex_);

    const Limits limits_;
    const Clock& clock_;

    mutable Mutex mutex_;
    ConditionVariable filled_;
    GrowingBytes frames_ FOZ_GUARDED_BY(mutex_);
    Position end_ FOZ_GUARDED_BY(mutex_);
    std::uint64_t group_bytes_ FOZ_GUARDED_BY(mutex_) = 0;  // taken, not yet on disk
    std::optional<Error> stalled_ FOZ_GUARDED_BY(mutex_);
    bool refused_ FOZ_GUARDED_BY(mutex_) = false;  // an append, since the last finish_group()
    bool stopping_ FOZ_GUARDED_BY(mutex_) = false;
    bool writer_waits_ FOZ_GUARDED_BY(mutex_) = false;
};

}  // namespace foz::journal::local
