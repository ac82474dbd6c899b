// SPDX-License-Identifier: Apache-2.0
// foz's own state, DATA/state.db: a SQLite database, because dead letters are kept for a person to
// look at, because `foz dead` changes them while `foz run` adds to them, and because a crash leaves
// it whole. What is in it: dead letters (dead_letters.h), the broker's sessions
// (session_checkpoint.h), and what was learnt about lanes (lane_history.h). docs/state_database.md
// has the tables.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/mutex.h"
#include "state/sqlite_connection.h"

namespace foz::state {

/// How much dead letters may take, and how long they may wait (letter_capacity.h).
struct LetterLimits {
    std::uint64_t bytes_max = 0;      // of the file; 0: as much as they like
    bool discard_oldest = false;      // when bytes_max is reached; else no letter is saved then
    std::chrono::seconds age_max{0};  // 0: they wait for ever
};

/// Any thread may use it; one at a time does. Several processes may have it open.
class StateDatabase {
  public:
    /// Opens the database, makes it if there is none, and brings the tables of an older foz up to
    /// date. One that may only be read is opened for that. Errors: unsupported = made by a newer
    /// foz; corrupt; io; the message names the file.
    [[nodiscard]] static Result<std::unique_ptr<StateDatabase>> open(
            const std::filesystem::path& file);

    /// Runs `use(connection)`, which returns a SqliteResult, and turns its error into one for a
    /// person: `doing` says what was tried.
    template <class Use>
    [[nodiscard]] auto run(std::string_view doing, Use use)
            -> Result<typename decltype(use(std::declval<SqliteConnection&>()))::value_type> {
        const MutexLock lock(mutex_);
        auto done = use(connection_);
        if (!done) {
            return std::unexpected(describe(doing, done.error()));
        }
        if constexpr (std::is_void_v<typename decltype(done)::value_type>) {
            return {};
        } else {
            return std::move(*done);
        }
    }

    [[nodiscard]] const std::filesystem::path& file() const { return file_; }

    /// Before any other thread uses it. Without, there are none.
    void limit_letters(const LetterLimits& limits) { letter_limits_ = limits; }
    [[nodiscard]] const LetterLimits& letter_limits() const { return letter_limits_; }

  private:
    StateDatabase(std::filesystem::path file, SqliteConnection connection)
        : file_(std::move(file)), connection_(std::move(connection)) {}
    [[nodiscard]] Result<void> migrate(bool read_only);
    [[nodiscard]] Error describe(std::string_view doing, const SqliteError& error) const;

    const std::filesystem::path file_;
    Mutex mutex_;
    SqliteConnection connection_ FOZ_GUARDED_BY(mutex_);
    LetterLimits letter_limits_;
};

}  // namespace foz::state
