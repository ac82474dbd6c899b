// SPDX-License-Identifier: Apache-2.0
#include "pipeline/runner.h"

#include <algorithm>
#include <atomic>
#include <random>
#include <set>

#include "state/lane_history.h"
#include "tests/pipeline/runner_fixture.h"
#include "tests/support/position.h"
#include "tests/support/wait_until.h"

namespace foz::pipeline {

namespace {}  // namespace

TEST_F(RunnerTest, stores_what_the_journal_holds_and_then_what_comes) {
    publish_numbers(0, 10);
    auto runner = make_runner();
    runner->start();
    ASSERT_TRUE(has_caught_up(*runner));
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "10");
    publish_numbers(10, 20);
    ASSERT_TRUE(has_caught_up(*runner));
    EXPECT_EQ(cell("SELECT count(DISTINCT n) FROM numbers"), "20");
    EXPECT_EQ(runner->status().state, RunnerState::running);
    EXPECT_EQ(runner->status().ledger.at(0).stored, 20U);
}

TEST_F(RunnerTest, a_lone_reading_is_in_the_table_within_100_milliseconds) {
    auto runner = make_runner();
    runner->start();
    publish_numbers(0, 1);
    ASSERT_TRUE(has_caught_up(*runner));
    // The best of several: the machine may be busy with other tests, the runner may not be slow.
    auto best = std::chrono::steady_clock::duration::max();
    for (int n = 1; n <= 10; ++n) {
        const auto before = std::chrono::steady_clock::now();
        publish_numbers(n, n + 1);
        ASSERT_TRUE(has_caught_up(*runner));
        best = std::min(best, std::chrono::steady_clock::now() - before);
    }
    EXPECT_LT(best, std::chrono::milliseconds(100));
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "11");
}

TEST_F(RunnerTest, stop_writes_what_the_journal_holds) {
    publish_numbers(0, 50);
    auto runner = make_runner();
    runner->start();
    runner->stop(soon());
    EXPECT_EQ(runner->status().state, RunnerState::stopped);
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "50");
}

TEST_F(RunnerTest, messages_of_no_route_move_the_cursor_too) {
    publish("{}", "c", "elsewhere");
    publish("{}", "c", "elsewhere");
    std::atomic<journal::Position> committed{};
    auto runner = make_runner({}, [&](journal::Position position) { committed = position; });
    runner->start();
    EXPECT_TRUE(support::wait_until([&] { return committed.load() == at(2); }));
    EXPECT_TRUE(has_caught_up(*runner));
}

TEST_F(RunnerTest, refused_rows_become_dead_letters_and_the_others_are_stored_in_order) {
    execute("CREATE TABLE numbers (n INTEGER CHECK (n NOT IN (0, 7, 8, 50, 99)))");
    publish_numbers(0, 100);
    auto runner = make_runner();
    runner->start();
    ASSERT_TRUE(has_caught_up(*runner));
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "95");
    EXPECT_EQ(cell("SELECT count(*) FROM numbers a JOIN numbers b ON b.rowid = a.rowid + 1 WHERE "
                   "b.n < a.n"),
            "0");
    const auto dead = letters();
    ASSERT_EQ(dead.size(), 5U);
    for (const state::DeadLetter& letter : dead) {
        EXPECT_EQ(letter.payload, fmt::format("{{\"n\": {}}}", letter.position));
        EXPECT_EQ(letter.route, "numbers");
        EXPECT_EQ(letter.topic, "r");
        EXPECT_EQ(letter.code, "275");  // SQLITE_CONSTRAINT_CHECK
    }
    const sink::LedgerLine line = runner->status().ledger.at(0);
    EXPECT_EQ(line.stored, 95U);
    EXPECT_EQ(line.dead, 5);
}

TEST_F(RunnerTest, many_refused_rows_are_left_out_at_once) {
    execute("CREATE TABLE numbers (n INTEGER CHECK (n % 2 = 0))");
    publish_numbers(0, 2000);
    std::atomic<int> writes = 0;
    auto runner = make_runner([&] {
        ++writes;
        return Fault::none;
    });
    runner->start();
    ASSERT_TRUE(has_caught_up(*runner));
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "1000");
    EXPECT_EQ(letters().size(), 1000U);
    EXPECT_EQ(runner->status().ledger.at(0).dead, 1000);
    EXPECT_LT(writes, 30);
}

TEST_F(RunnerTest, a_row_that_is_refused_first_and_stored_then_leaves_no_letter) {
    // The commit that would pass the letters fails, and meanwhile the table takes the rows.
    execute("CREATE TABLE numbers (n INTEGER CHECK (n NOT IN (3, 4)))");
    publish_numbers(0, 6);
    publish("no json");
    int commits = 0;
    auto runner = make_runner({});
    fail_before_commit_ = [&]() -> bool {
        if (++commits > 1) {
            return false;
        }
        EXPECT_EQ(letters().size(), 3U);
        return true;
    };
    after_failed_commit_ = [&] { execute("DROP TABLE numbers; CREATE TABLE numbers (n INTEGER)"); };
    runner->start();
    ASSERT_TRUE(has_caught_up(*runner));
    EXPECT_EQ(cell("SELECT group_concat(n) FROM numbers"), "0,1,2,3,4,5");
    const auto dead = letters();
    ASSERT_EQ(dead.size(), 1U);
    EXPECT_EQ(dead[0].payload, "no json");
    EXPECT_EQ(cell("SELECT stored || ' ' || dead FROM foz_ledger"), "6 1");
}

TEST_F(RunnerTest, a_row_that_a_trigger_keeps_out_becomes_a_dead_letter) {
    execute("CREATE TABLE numbers (n INTEGER)");
    execute("CREATE TRIGGER picky BEFORE INSERT ON numbers WHEN new.n IN (1, 3) BEGIN SELECT "
            "RAISE(IGNORE); END");
    publish_numbers(0, 5);
    auto runner = make_runner();
    runner->start();
    ASSERT_TRUE(has_caught_up(*runner));
    EXPECT_EQ(cell("SELECT group_concat(n) FROM numbers"), "0,2,4");
    const auto dead = letters();
    ASSERT_EQ(dead.size(), 2U);
    EXPECT_EQ(dead[0].reason, "a trigger of table numbers keeps this reading out of it");
}

TEST_F(RunnerTest, a_trigger_that_rolls_everything_back_costs_its_row_alone) {
    execute("CREATE TABLE numbers (n INTEGER)");
    execute("CREATE TRIGGER fatal BEFORE INSERT ON numbers WHEN new.n IN (1, 3) BEGIN SELECT "
            "RAISE(ROLLBACK, 'no'); END");
    publish_numbers(0, 5);
    auto runner = make_runner();
    runner->start();
    ASSERT_TRUE(has_caught_up(*runner));
    EXPECT_EQ(cell("SELECT group_concat(n) FROM numbers"), "0,2,4");
    EXPECT_EQ(letters().size(), 2U);
}

TEST_F(RunnerTest, a_batch_that_meets_a_time_limit_of_the_server_is_written_in_pieces) {
    execute("CREATE TABLE numbers (n INTEGER CHECK (n <> 33))");
    publish_numbers(0, 100);
    rows_in_time_ = 7;
    auto runner = make_runner();
    runner->start();
    ASSERT_TRUE(has_caught_up(*runner));
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "99");
    EXPECT_EQ(letters().size(), 1U);
    EXPECT_EQ(runner->status().failures, 0U);
}

TEST_F(RunnerTest, a_single_row_that_meets_a_time_limit_is_tried_for_ever) {
    publish_numbers(0, 2);
    rows_in_time_ = 0;
    auto runner = make_runner();
    runner->start();
    EXPECT_TRUE(support::wait_until([&] { return runner->status().failures > 3; }));
    EXPECT_NE(runner->status().last_error.find("statement timeout"), std::string::npos);
    EXPECT_TRUE(letters().empty());
}

TEST_F(RunnerTest, a_replay_that_retention_has_overtaken_reports_the_gap_and_goes_on) {
    settings_.routes[0].columns[0].type = "text";
    const std::string large(200'000, '7');
    for (int n = 0; n < 20; ++n) {
        publish("{\"n\": \"" + large + "\"}");
    }
    reopen_journal_without_retention();
    RunnerOptions replay = options();
    replay.lane = "replay-1";
    replay.since = at(1);
    const journal::Position end = journal_->durable_end();
    replay.until = end;
    replay.holds_journal = false;
    replay.batch_rows_max = 1;
    std::atomic<bool> down = true;
    auto runner = make_runner(replay, [&] { return down ? Fault::retry : Fault::none; });
    runner->start();
    ASSERT_TRUE(support::wait_until([&] { return runner->status().failures > 0; }));
    journal_->set_cursor("db/main-0", journal_->durable_end());
    ASSERT_TRUE(support::wait_until([&] { return journal_->status().first > at(1); }));
    down = false;
    ASSERT_TRUE(runner->wait_until_over(soon()));
    EXPECT_EQ(runner->status().state, RunnerState::finished);
    const auto gaps = state::load_gaps(*state_, journal_->status().id);
    ASSERT_TRUE(gaps);
    ASSERT_FALSE(gaps->empty());
    // Retention may have left it the first records. Each is stored or in a gap.
    std::set<journal::Position> missing;
    for (const state::Gap& gap : *gaps) {
        for (journal::Position position = gap.first; position < gap.past;
                position = position.next()) {
            missing.insert(position);
        }
    }
    EXPECT_GE(*missing.begin(), replay.since);
    const std::uint64_t wanted = journal::records_between(replay.since, end);
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), std::to_string(wanted - missing.size()));
}

TEST_F(RunnerTest, readings_that_the_mapping_rejects_become_dead_letters) {
    publish_numbers(0, 1);
    publish("not json");
    publish(R"({"n": "x"})");
    publish_numbers(1, 2);
    auto runner = make_runner();
    runner->start();
    ASSERT_TRUE(has_caught_up(*runner));
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "2");
    const auto dead = letters();
    ASSERT_EQ(dead.size(), 2U);
    EXPECT_EQ(dead[0].payload, "not json");
    EXPECT_EQ(dead[1].position, at(2));
    EXPECT_EQ(runner->status().ledger.at(0).dead, 2);
}

// Refused rows and rejections side by side, and a failure at each single write in turn.
class RunnerFaults : public RunnerTest, public testing::WithParamInterface<Fault> {};

TEST_P(RunnerFaults, at_any_one_write_store_every_reading_once) {
    execute("CREATE TABLE numbers (n INTEGER CHECK (n NOT IN (2, 5)))");
    publish_numbers(0, 4);
    publish("no json");
    publish_numbers(4, 8);
    for (int faulty_write = 0; faulty_write < 12; ++faulty_write) {
        execute("DELETE FROM numbers");
        execute("CREATE TABLE IF NOT EXISTS foz_cursor (journal, lane)");
        execute("DROP TABLE foz_cursor");
        execute("CREATE TABLE IF NOT EXISTS foz_ledger (journal, lane)");
        execute("DROP TABLE foz_ledger");
        std::atomic<int> writes = 0;
        auto runner =
                make_runner([&] { return writes++ == faulty_write ? GetParam() : Fault::none; });
        runner->start();
        ASSERT_TRUE(has_caught_up(*runner)) << "write " << faulty_write;
        runner->stop(soon());
        EXPECT_EQ(cell("SELECT group_concat(n) FROM numbers"), "0,1,3,4,6,7") << faulty_write;
        EXPECT_EQ(letters().size(), 3U) << "write " << faulty_write;
        EXPECT_EQ(cell("SELECT stored || ' ' || dead FROM foz_ledger"), "6 3") << faulty_write;
    }
}

INSTANTIATE_TEST_SUITE_P(EachFault, RunnerFaults,
        testing::Values(Fault::retry, Fault::reconnect, Fault::lost_commit, Fault::lost_answer));

TEST_F(RunnerTest, random_faults_and_restarts_store_every_reading_once) {
    const auto seed = static_cast<unsigned>(std::random_device{}());
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937 random(seed);
    execute("CREATE TABLE numbers (n INTEGER CHECK (n % 10 <> 3))");
    int published = 0;
    for (int restart = 0; restart < 20; ++restart) {
        const int more = static_cast<int>(random() % 30);
        publish_numbers(published, published + more);
        published += more;
        std::mt19937 fault_random(random());
        RunnerOptions small = options();
        small.batch_rows_max = static_cast<std::uint32_t>(1 + random() % 20);
        auto runner = make_runner(small, [&]() -> Fault {
            return fault_random() % 3 == 0 ? static_cast<Fault>(fault_random() % 5) : Fault::none;
        });
        runner->start();
        // Stopped at once, or after a part of the work.
        const journal::Position until = at(random() % (journal_->durable_end().number() + 1));
        if (random() % 2 == 0) {
            EXPECT_TRUE(support::wait_until(
                    [&] { return position_of(runner->status().cursor) >= until; }));
        }
        runner->stop(real_clock().steady_now());
    }
    auto last = make_runner();
    last->start();
    ASSERT_TRUE(has_caught_up(*last));
    last->stop(soon());
    const int dead = (published + 6) / 10;
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), std::to_string(published - dead));
    EXPECT_EQ(cell("SELECT count(DISTINCT n) FROM numbers"), std::to_string(published - dead));
    EXPECT_EQ(letters().size(), static_cast<std::size_t>(dead));
    EXPECT_EQ(cell("SELECT sum(stored) || ' ' || sum(dead) FROM foz_ledger"),
            fmt::format("{} {}", published - dead, dead));
}

TEST_F(RunnerTest, a_database_that_is_down_is_tried_for_ever_and_says_why) {
    publish_numbers(0, 3);
    std::atomic<bool> down = true;
    auto runner = make_runner([&] { return down ? Fault::reconnect : Fault::none; });
    runner->start();
    EXPECT_TRUE(support::wait_until([&] { return runner->status().failures > 5; }));
    EXPECT_EQ(runner->status().state, RunnerState::retrying);
    EXPECT_NE(runner->status().last_error.find("a fault of the test"), std::string::npos);
    down = false;
    EXPECT_TRUE(has_caught_up(*runner));
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "3");
}

TEST_F(RunnerTest, a_record_that_cannot_be_understood_holds_up_its_lane_and_is_not_left_out) {
    publish_numbers(0, 3);
    journal::RecordBatch garbage;
    garbage.add(static_cast<std::uint8_t>(mqtt::RecordKind::message), as_bytes("garbage"));
    ASSERT_TRUE(journal_->append(garbage));
    publish_numbers(3, 6);
    const auto runner = make_runner();
    runner->start();
    ASSERT_TRUE(support::wait_until([&] {
        return runner->status().last_error.find("record 3 of the journal") != std::string::npos;
    }));
    ASSERT_TRUE(support::wait_until([&] { return runner->status().failures > 3; }));
    EXPECT_EQ(runner->status().cursor.position, 3U);
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "3");
}

TEST_F(RunnerTest, a_cursor_beyond_the_journals_end_blocks_the_lane) {
    publish_numbers(0, 3);
    auto runner = make_runner();
    runner->start();
    ASSERT_TRUE(has_caught_up(*runner));
    runner->stop(soon());
    execute("UPDATE foz_cursor SET position = 1000");
    runner = make_runner();
    runner->start();
    EXPECT_TRUE(
            support::wait_until([&] { return runner->status().state == RunnerState::blocked; }));
    EXPECT_NE(runner->status().last_error.find("1000"), std::string::npos);
    runner->stop(real_clock().steady_now());
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "3");
}

TEST_F(RunnerTest, the_rows_of_a_database_that_was_restored_from_a_backup_are_written_again) {
    publish_numbers(0, 4);
    auto runner = make_runner();
    runner->start();
    ASSERT_TRUE(has_caught_up(*runner));
    execute("CREATE TABLE backup AS SELECT * FROM foz_cursor");
    publish_numbers(4, 10);
    ASSERT_TRUE(has_caught_up(*runner));
    runner->stop(soon());
    execute("BEGIN; DELETE FROM numbers WHERE n >= 4; DELETE FROM foz_cursor; INSERT INTO "
            "foz_cursor SELECT * FROM backup; COMMIT");
    runner = make_runner();
    runner->start();
    EXPECT_TRUE(support::wait_until([&] { return cell("SELECT count(*) FROM numbers") == "10"; }));
    EXPECT_EQ(cell("SELECT count(DISTINCT n) FROM numbers"), "10");
}

TEST_F(RunnerTest, two_lanes_share_the_messages_by_client) {
    for (int n = 0; n < 40; ++n) {
        publish(fmt::format("{{\"n\": {}}}", n), fmt::format("client-{}", n % 7));
    }
    std::vector<std::unique_ptr<Runner>> runners;
    for (std::uint32_t lane = 0; lane < 2; ++lane) {
        RunnerOptions one = options();
        one.lane = fmt::format("main-{}", lane);
        one.lane_index = lane;
        one.lanes = 2;
        runners.push_back(make_runner(one, {}));
        runners.back()->start();
    }
    for (const auto& runner : runners) {
        EXPECT_TRUE(has_caught_up(*runner));
    }
    EXPECT_EQ(cell("SELECT count(*) FROM numbers"), "40");
    EXPECT_EQ(cell("SELECT count(DISTINCT n) FROM numbers"), "40");
    EXPECT_EQ(cell("SELECT count(*) FROM foz_ledger WHERE stored > 0"), "2");
}

TEST_F(RunnerTest, a_bounded_lane_finishes_at_its_end) {
    publish_numbers(0, 20);
    RunnerOptions bounded = options();
    bounded.lane = "replay-5-15";
    bounded.since = at(5);
    bounded.until = at(15);
    bounded.holds_journal = false;
    auto runner = make_runner(bounded, {});
    runner->start();
    ASSERT_TRUE(runner->wait_until_over(soon()));
    EXPECT_EQ(runner->status().state, RunnerState::finished);
    EXPECT_EQ(cell("SELECT group_concat(n) FROM numbers"), "5,6,7,8,9,10,11,12,13,14");
}

TEST_F(RunnerTest, a_replay_makes_no_second_dead_letter_of_a_reading) {
    execute("CREATE TABLE numbers (n INTEGER CHECK (n NOT IN (2, 5)))");
    publish_numbers(0, 4);
    publish("no json");
    publish_numbers(4, 8);
    auto runner = make_runner();
    runner->start();
    ASSERT_TRUE(has_caught_up(*runner));
    runner->stop(soon());
    execute("DROP TABLE numbers; CREATE TABLE numbers (n INTEGER CHECK (n NOT IN (2, 5, 6)))");
    RunnerOptions replay = options();
    replay.lane = "replay-0";
    replay.until = journal_->durable_end();
    replay.holds_journal = false;
    runner = make_runner(replay, {});
    runner->start();
    ASSERT_TRUE(runner->wait_until_over(soon()));
    runner->stop(soon());
    // Of the main lane: 2, "no json" and 5. The replay adds 6, which was none before.
    EXPECT_EQ(letters().size(), 4U);
    EXPECT_EQ(cell("SELECT stored || ' ' || dead FROM foz_ledger WHERE lane = 'main-0'"), "6 3");
    EXPECT_EQ(cell("SELECT stored || ' ' || dead FROM foz_ledger WHERE lane = 'replay-0'"), "5 1");
}

}  // namespace foz::pipeline
