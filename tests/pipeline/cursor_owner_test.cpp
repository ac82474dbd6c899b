// SPDX-License-Identifier: Apache-2.0
// Two data folders whose journals have one id, and one database.
#include "pipeline/cursor_owner.h"

#include <filesystem>

#include "pipeline/journal_renewal.h"
#include "pipeline/lane_layout.h"
#include "tests/pipeline/runner_fixture.h"
#include "tests/support/wait_until.h"

namespace foz::pipeline {
namespace {

namespace fs = std::filesystem;
using support::wait_until;

class CursorOwner : public RunnerTest {
  protected:
    /// Runs the lane until all is stored that the journal holds.
    void store_all() {
        auto runner = make_lane();
        runner->start();
        ASSERT_TRUE(has_caught_up(*runner)) << runner->status().last_error;
        runner->stop(soon());
    }
    /// Why the lane does not start.
    std::string blocked() {
        auto runner = make_lane();
        runner->start();
        EXPECT_TRUE(wait_until([&] { return runner->status().state == RunnerState::blocked; }));
        std::string why = runner->status().last_error;
        runner->stop(real_clock().steady_now());
        return why;
    }
    CursorOwner() { settle_layout(); }
    void settle_layout() { layout_ = choose_lane_layout(*state_, *journal_, "db", 1).value(); }
    void renew_id() {
        journal_.reset();
        ASSERT_TRUE(renew_journal(
                journal_options(), real_file_system(), real_clock(), *state_, std::nullopt));
        close_data();
        open_data();
        settle_layout();
    }
    std::unique_ptr<Runner> make_lane() {
        RunnerOptions lane = options();
        lane.since = layout_.since;
        return make_runner(lane, {});
    }
    /// Keeps a copy of the data folder as it is now.
    void copy_data() {
        close_data();
        fs::remove_all(folder_ / "copy");
        fs::create_directory(folder_ / "copy");
        fs::copy(folder_ / "journal", folder_ / "copy" / "journal", fs::copy_options::recursive);
        for (const char* file : {"state.db", "state.db-wal"}) {
            if (fs::exists(folder_ / file)) {
                fs::copy_file(folder_ / file, folder_ / "copy" / file);
            }
        }
        open_data();
    }
    /// The copy and the data folder change places.
    void swap_data() {
        close_data();
        fs::create_directory(folder_ / "other");
        for (const char* name : {"journal", "state.db"}) {
            fs::rename(folder_ / name, folder_ / "other" / name);
            fs::rename(folder_ / "copy" / name, folder_ / name);
        }
        fs::remove(folder_ / "state.db-wal");
        fs::remove(folder_ / "state.db-shm");
        fs::remove_all(folder_ / "copy");
        fs::rename(folder_ / "other", folder_ / "copy");
        open_data();
        settle_layout();
    }

    state::LaneLayout layout_;
};

TEST_F(CursorOwner, a_copy_that_starts_beside_the_original_is_refused_at_once) {
    publish_numbers(0, 5);
    store_all();
    copy_data();
    store_all();  // nothing but that the cursor is the original's
    swap_data();
    const std::string why = blocked();
    EXPECT_NE(why.find("another foz with the same journal id"), std::string::npos) << why;
    EXPECT_NE(why.find("foz journal new-id"), std::string::npos) << why;
}

TEST_F(CursorOwner, what_a_copy_took_in_is_stored_once_its_journal_has_an_id_of_its_own) {
    publish_numbers(0, 5);
    store_all();
    copy_data();
    publish_numbers(5, 15);
    store_all();
    swap_data();
    publish_numbers(100, 103);
    static_cast<void>(blocked());
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "15");

    renew_id();
    store_all();
    EXPECT_EQ(cell("SELECT group_concat(n) FROM numbers WHERE n >= 100"), "100,101,102");
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "18");
    swap_data();
    publish_numbers(15, 20);
    store_all();
    EXPECT_EQ(cell("SELECT count(DISTINCT n) || ' ' || count(*) FROM numbers"), "23 23");
}

TEST_F(CursorOwner, a_restored_journal_that_has_grown_beyond_the_old_cursor_stays_blocked) {
    publish_numbers(0, 5);
    store_all();
    copy_data();
    publish_numbers(5, 10);
    store_all();
    execute("UPDATE foz_cursor SET writer = ''");  // nothing but the record tells
    swap_data();
    publish_numbers(100, 150);
    for (int start = 0; start < 2; ++start) {
        const std::string why = blocked();
        EXPECT_NE(why.find("record 9 is another one here"), std::string::npos) << why;
    }
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "10");
    renew_id();
    store_all();
    EXPECT_EQ(cell("SELECT count(*) FROM numbers WHERE n >= 100"), "50");
}

// A lane that began beyond the end would wait for records that have nothing to do with it, and find
// next time that the journal has lost what it never had.
TEST_F(CursorOwner, a_journal_gets_no_new_id_with_a_start_that_is_not_in_it) {
    publish_numbers(0, 5);
    store_all();
    const journal::Position end = journal_->durable_end();
    journal_.reset();
    const auto renew = [&](journal::Position from) {
        return renew_journal(journal_options(), real_file_system(), real_clock(), *state_, from);
    };
    const auto refused = renew(end.next());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    EXPECT_NE(refused.error().message.find("up to, but not including, 5; 6 is not"),
            std::string::npos)
            << refused.error().message;
    EXPECT_TRUE(renew(end));
    close_data();
    open_data();
    settle_layout();
    publish_numbers(5, 7);
    store_all();
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "7");
}

TEST_F(CursorOwner, the_one_that_runs_is_stopped_when_another_has_taken_its_cursor) {
    publish_numbers(0, 5);
    auto runner = make_lane();
    runner->start();
    ASSERT_TRUE(has_caught_up(*runner));
    execute("UPDATE foz_cursor SET writer = 'somebody else'");
    publish_numbers(5, 6);
    EXPECT_TRUE(wait_until([&] { return runner->status().state == RunnerState::blocked; }));
    runner->stop(real_clock().steady_now());
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "5");
}

TEST_F(CursorOwner, the_cursor_of_a_foz_that_kept_no_marks_is_taken_up) {
    publish_numbers(0, 5);
    store_all();
    execute("CREATE TABLE old (journal TEXT, lane TEXT, position INTEGER, ordinal INTEGER, PRIMARY "
            "KEY (journal, lane)) WITHOUT ROWID; INSERT INTO old SELECT journal, lane, position, "
            "ordinal FROM foz_cursor; DROP TABLE foz_cursor; ALTER TABLE old RENAME TO foz_cursor");
    publish_numbers(5, 7);
    store_all();
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "7");
    EXPECT_EQ(cell("SELECT length(writer) || ' ' || (fingerprint > 0) FROM foz_cursor"), "32 1");
}

}  // namespace
}  // namespace foz::pipeline
