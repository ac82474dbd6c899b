// SPDX-License-Identifier: Apache-2.0
// What the tests of the journal share: a clock to move, a journal with small limits, records that
// say who they are.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "journal/journal.h"
#include "journal/local/local_journal.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/position.h"

namespace foz::journal::local {

class MovableClock final : public Clock {
  public:
    [[nodiscard]] SystemTime system_now() const override {
        return SystemTime(Microseconds(now_.load()));
    }
    [[nodiscard]] SteadyTime steady_now() const override {
        return std::chrono::steady_clock::now();
    }
    void set(std::chrono::seconds since_epoch) { now_ = Microseconds(since_epoch).count(); }

  private:
    std::atomic<std::int64_t> now_ = Microseconds(std::chrono::seconds(1'000'000)).count();
};

/// Remembers what it heard, and lets a test wait for it.
class RememberingListener final : public Listener {
  public:
    void on_durable(const Durable& durable) override;
    void on_space() override;
    void on_failed(const Error& error) override;

    [[nodiscard]] bool wait_for_room(int times = 1);
    [[nodiscard]] std::optional<Error> wait_for_failure();
    [[nodiscard]] Position durable_end() const;
    [[nodiscard]] int room_calls() const;

  private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Position durable_end_;
    int room_calls_ = 0;
    std::optional<Error> failure_;
};

inline constexpr auto kTimeout = std::chrono::seconds(30);

[[nodiscard]] inline SteadyTime deadline() {
    return std::chrono::steady_clock::now() + kTimeout;
}

/// Calls `condition` until it holds; false when that takes too long.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition) {
    const auto until = deadline();
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return true;
}

/// A folder named "/journal", segments of 4 KiB.
[[nodiscard]] LocalJournalOptions small_options();

/// A batch of one record with this text.
[[nodiscard]] RecordBatch batch_of(std::string_view text);

/// Appends one record and waits until it is durable. The position after it.
Position append_durably(Journal& journal, std::string_view text);

/// The texts of all durable records from `from` on; stops at an error, which is then the last
/// element.
[[nodiscard]] std::vector<std::string> read_all(Journal& journal, Position from = {});

[[nodiscard]] std::unique_ptr<Journal> open_or_fail(
        FileSystem& files, const LocalJournalOptions& options = small_options());

/// Names of the segment files in the folder of small_options().
[[nodiscard]] std::vector<std::string> segment_files(const FileSystem& files);

}  // namespace foz::journal::local
