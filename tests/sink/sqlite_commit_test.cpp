// SPDX-License-Identifier: Apache-2.0
// A COMMIT that fails: what is in the file is unknown until it is read back.
#include <csignal>
#include <optional>

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include "sink/sqlite/sqlite_failure.h"
#include "sink/sqlite/sqlite_sink.h"
#include "tests/sink/database_under_test.h"
#include "tests/support/temporary_directory.h"

namespace foz::sink {
namespace {

/// While it lives, no file of this process can be written: to SQLite a disk that fails.
class NoWrites {
  public:
    NoWrites() {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit none{.rlim_cur = 0, .rlim_max = before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &none);
    }
    NoWrites(const NoWrites&) = delete;
    NoWrites& operator=(const NoWrites&) = delete;
    ~NoWrites() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, signal_before_);
    }

  private:
    rlimit before_{};
    void (*signal_before_)(int) = std::signal(SIGXFSZ, SIG_IGN);
};

TEST(SqliteCommit, that_fails_on_the_disk_is_in_doubt) {
    const support::TemporaryDirectory folder;
    const std::string url = "sqlite:" + (folder / "test.sqlite").string();
    const auto mapping = readings();
    auto sink = sink_for(sqlite::kind(), url);
    ASSERT_TRUE(sink->connect(kLane, mapping));
    BatchUnderTest batch;
    batch.add({text("a"), real(1)});
    std::optional<NoWrites> no_writes;
    Commit commit = batch.commit();
    commit.before_commit = [&]() -> SinkResult<void> {
        no_writes.emplace();
        return {};
    };
    const auto written = sink->write(batch.rows(), 0, 1, commit);
    no_writes.reset();
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().failure, FailureKind::in_doubt) << why(written);
}

TEST(SqliteCommit, that_did_not_begin_is_tried_again_and_any_other_is_in_doubt) {
    const auto failure = [](int code) {
        return sqlite::commit_failure_of({.code = code, .message = ""}).failure;
    };
    EXPECT_EQ(failure(SQLITE_BUSY), FailureKind::retry);
    EXPECT_EQ(failure(SQLITE_BUSY_SNAPSHOT), FailureKind::retry);
    for (const int code : {SQLITE_IOERR, SQLITE_IOERR_FSYNC, SQLITE_FULL, SQLITE_NOMEM}) {
        EXPECT_EQ(failure(code), FailureKind::in_doubt) << code;
    }
}

}  // namespace
}  // namespace foz::sink
