// SPDX-License-Identifier: Apache-2.0
// Tables of one lane fail apart, in each kind of database.
#include "pipeline/side_lanes.h"

#include <atomic>
#include <cstdlib>

#include <libpq-fe.h>
#include <mysql.h>

#include "tests/pipeline/side_lanes_fixture.h"
#include "tests/sink/mariadb_under_test.h"
#include "tests/sink/postgres_under_test.h"
#include "tests/support/wait_until.h"

namespace foz::pipeline {
namespace {

using namespace std::chrono_literals;

void expect_it_adds_up(const Verification& found) {
    for (const std::string& difference : found.differences) {
        ADD_FAILURE() << difference;
    }
}

TEST_P(SideLanesTest, a_table_that_does_not_fit_holds_back_no_other_and_catches_up_when_mended) {
    start_with_misfit_beside_good(100);
    ASSERT_TRUE(set_aside_become({"main-0/bad"}));
    publish({"good", "bad"}, 100, 200);
    EXPECT_TRUE(becomes("good", 0, 200));
    EXPECT_EQ(count("bad"), "0");
    EXPECT_TRUE(support::wait_until(
            [&] { return lane().side_status().at(0).state == RunnerState::blocked; }));
    EXPECT_NE(lane().side_status().at(0).last_error.find("bad"), std::string::npos);
    database().execute("DROP TABLE bad");
    EXPECT_TRUE(becomes("bad", 0, 200));
    EXPECT_TRUE(is_one_lane_again());
    publish({"good", "bad"}, 200, 300);
    EXPECT_TRUE(becomes("bad", 0, 300));
    EXPECT_TRUE(becomes("good", 0, 300));
    EXPECT_TRUE(lane().side_status().empty());
    expect_it_adds_up(verified());
}

TEST_P(SideLanesTest, what_waits_is_counted_as_such) {
    start_with_misfit_beside_good(10);
    EXPECT_TRUE(support::wait_until(
            [&] { return position_of(lane().status().cursor) == journal_->durable_end(); }));
    const Verification found = verified();
    ASSERT_EQ(found.routes.size(), 2U);
    EXPECT_EQ(found.routes[0].waiting, 0U);
    EXPECT_EQ(found.routes[1].waiting, 10U);
    expect_it_adds_up(found);
}

TEST_P(SideLanesTest, all_tables_that_do_not_fit_are_named_at_once) {
    for (const char* table : {"one", "two", "three"}) {
        add_table(table);
    }
    database().execute("CREATE TABLE one (other integer)");
    database().execute("CREATE TABLE two (other integer)");
    database().execute("CREATE TABLE three (other integer)");
    publish({"one", "two", "three"}, 0, 1);
    start();
    ASSERT_TRUE(support::wait_until([&] { return lane().status().state == RunnerState::blocked; }));
    for (const char* table : {"one", "two", "three"}) {
        EXPECT_NE(lane().status().last_error.find(table), std::string::npos)
                << lane().status().last_error;
    }
    const auto mapping = mapping::Mapping::compile(settings_, "db");
    ASSERT_TRUE(mapping);
    const auto inspected = (*sink::sink_kind_for(database().url()))
                                   ->make({.url = database().url()})
                                   .value()
                                   ->inspect(*mapping);
    ASSERT_FALSE(inspected);
    for (const char* table : {"one", "two", "three"}) {
        EXPECT_NE(inspected.error().message.find(table), std::string::npos)
                << inspected.error().message;
    }
}

TEST_P(SideLanesTest, outlives_crashes_while_it_waits_and_while_it_catches_up) {
    start_with_misfit_beside_good(100);
    crash();
    publish({"good", "bad"}, 100, 200);
    start();
    EXPECT_TRUE(becomes("good", 0, 200));
    ASSERT_TRUE(set_aside_become({"main-0/bad"}));
    database().execute("DROP TABLE bad");
    for (int round = 0; round < 10; ++round) {
        crash();
        publish({"good", "bad"}, 200 + round * 100, 300 + round * 100);
        start();
    }
    EXPECT_TRUE(is_one_lane_again());
    EXPECT_TRUE(becomes("good", 0, 1200));
    EXPECT_TRUE(becomes("bad", 0, 1200));
    expect_it_adds_up(verified());
}

TEST_P(SideLanesTest, tables_break_and_mend_at_any_time_and_every_row_is_stored_once_in_order) {
    add_table("good");
    add_table("bad");
    start();
    publish({"good", "bad"}, 0, 1);
    ASSERT_TRUE(becomes("bad", 0, 1));
    int n = 1;
    for (int round = 0; round < 6; ++round) {
        database().execute("ALTER TABLE bad RENAME COLUMN n TO m");
        publish({"good", "bad"}, n, n + 50);
        n += 50;
        EXPECT_TRUE(becomes("good", 0, n));
        if (round % 2 == 0) {
            crash();
            start();
        }
        database().execute("ALTER TABLE bad RENAME COLUMN m TO n");
        publish({"good", "bad"}, n, n + 50);
        n += 50;
        if (round % 3 == 0) {
            EXPECT_TRUE(is_one_lane_again());
        }
    }
    EXPECT_TRUE(becomes("bad", 0, n));
    EXPECT_TRUE(becomes("good", 0, n));
    EXPECT_TRUE(is_one_lane_again());
    expect_it_adds_up(verified());
}

TEST_P(SideLanesTest, a_database_that_is_taken_back_into_a_side_lanes_time_gets_everything_again) {
    start_with_misfit_beside_good(100);
    database().execute("DROP TABLE bad");
    EXPECT_TRUE(becomes("bad", 0, 100));
    EXPECT_TRUE(is_one_lane_again());
    publish({"good", "bad"}, 100, 150);
    EXPECT_TRUE(becomes("bad", 0, 150));
    EXPECT_TRUE(is_one_lane_again());
    crash();
    // As it was when the main lane had come to message 120 (60 rows each) and the side lane to 40.
    database().execute("DELETE FROM good WHERE n >= 60");
    database().execute("DELETE FROM bad WHERE n >= 20");
    database().execute(
            "UPDATE foz_cursor SET position = 120, fingerprint = 0 WHERE lane = 'main-0'");
    database().execute(
            "UPDATE foz_cursor SET position = 40, fingerprint = 0 WHERE lane = 'main-0/bad'");
    start();
    EXPECT_TRUE(becomes("good", 0, 150));
    EXPECT_TRUE(becomes("bad", 0, 150));
    EXPECT_TRUE(is_one_lane_again());
    // And to a time before there was one.
    crash();
    database().execute("DELETE FROM good");
    database().execute("DELETE FROM bad");
    database().execute("DELETE FROM foz_cursor");
    start();
    EXPECT_TRUE(becomes("good", 0, 150));
    EXPECT_TRUE(becomes("bad", 0, 150));
}

TEST_P(SideLanesTest, more_tables_than_side_lanes_share_the_last_one) {
    std::vector<std::string> bad;
    add_table("good");
    for (std::size_t i = 0; i < kSideLanesMax + 3; ++i) {
        bad.push_back(fmt::format("bad{:02}", i));
        add_table(bad.back());
        database().execute("CREATE TABLE " + bad.back() + " (other integer)");
    }
    std::vector<std::string> all = bad;
    all.emplace_back("good");
    publish(all, 0, 20);
    start();
    EXPECT_TRUE(becomes("good", 0, 20));
    EXPECT_TRUE(
            support::wait_until([&] { return lane().side_status().size() == kSideLanesMax + 1; }));
    for (const std::string& table : bad) {
        database().execute("DROP TABLE " + table);
    }
    publish(all, 20, 40);
    for (const std::string& table : bad) {
        EXPECT_TRUE(becomes(table, 0, 40)) << table;
    }
    EXPECT_TRUE(is_one_lane_again());
    EXPECT_TRUE(becomes("good", 0, 40));
    expect_it_adds_up(verified());
}

TEST_P(SideLanesTest, readings_that_become_dead_letters_do_so_once_wherever_they_are_written) {
    start_with_misfit_beside_good(10);
    // In one step: the side lane makes a table that is missing.
    database().execute("ALTER TABLE bad ADD COLUMN n bigint CHECK (n <> 5)");
    EXPECT_TRUE(is_one_lane_again());
    EXPECT_EQ(count("bad"), "9");
    std::size_t letters = 0;
    EXPECT_TRUE(state::for_each_letter(*state_, {}, [&](const state::DeadLetter& letter) {
        ++letters;
        EXPECT_EQ(letter.lane, "main-0/bad");
        EXPECT_EQ(letter.payload, "{\"n\": 5}");
        return true;
    }));
    EXPECT_EQ(letters, 1U);
    expect_it_adds_up(verified());
}

class CountedSink final : public sink::Sink {
  public:
    CountedSink(std::unique_ptr<sink::Sink> sink, std::atomic<int>& writes)
        : sink_(std::move(sink)), writes_(writes) {}
    sink::SinkResult<sink::Connected> connect(
            const sink::LaneName& lane, const mapping::Mapping& mapping) override {
        return sink_->connect(lane, mapping);
    }
    sink::SinkResult<std::vector<std::string>> inspect(const mapping::Mapping& mapping) override {
        return sink_->inspect(mapping);
    }
    sink::SinkResult<sink::PreparedTable> extend(const mapping::Table& table) override {
        return sink_->extend(table);
    }
    sink::SinkResult<sink::Written> write(const mapping::RowBatch& batch, std::size_t first,
            std::size_t last, const sink::Commit& commit) override {
        ++writes_;
        return sink_->write(batch, first, last, commit);
    }
    sink::SinkResult<sink::Audit> audit(const std::string& journal,
            std::span<const std::unique_ptr<mapping::Table>> tables) override {
        return sink_->audit(journal, tables);
    }
    void close() override { sink_->close(); }
    void end_waits_at(SteadyTime deadline) override { sink_->end_waits_at(deadline); }

  private:
    std::unique_ptr<sink::Sink> sink_;
    std::atomic<int>& writes_;
};

TEST_P(SideLanesTest, half_the_rows_refused_cost_few_attempts) {
    std::atomic<int> writes = 0;
    wrap_ = [&](std::unique_ptr<sink::Sink> sink) -> std::unique_ptr<sink::Sink> {
        return std::make_unique<CountedSink>(std::move(sink), writes);
    };
    add_table("good");
    add_table("bad");
    database().execute("CREATE TABLE bad (n bigint CHECK (n % 2 = 0))");
    const char* wanted = std::getenv("FOZ_REFUSED_ROWS");  // NOLINT(concurrency-mt-unsafe)
    const int rows = wanted != nullptr ? std::atoi(wanted) : 2'000;
    publish({"good", "bad"}, 0, rows);
    const auto began = std::chrono::steady_clock::now();
    start();
    EXPECT_TRUE(support::wait_until(
            [&] { return position_of(lane().status().cursor) == journal_->durable_end(); }, 300s));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    RecordProperty("rows_per_second", static_cast<int>(2 * rows / took.count()));
    fmt::print("{:.0f} rows/s in {} writes\n", 2 * rows / took.count(), writes.load());
    EXPECT_LT(writes, 100);
    EXPECT_EQ(count("bad"), std::to_string(rows / 2));
    EXPECT_EQ(count("good"), std::to_string(rows));
    expect_it_adds_up(verified());
}

/// Another session that holds a table of the database, until it is destroyed.
class Holder {
  public:
    Holder(const std::string& url, const std::string& table) {
        if (url.starts_with("postgres")) {
            postgres_ = PQconnectdb(url.c_str());
            PQclear(PQexec(postgres_,
                    ("BEGIN; LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE").c_str()));
        } else {
            mariadb_ = mysql_init(nullptr);
            const std::string socket = sink::mariadb::running_server().socket();
            const std::string lock = "LOCK TABLES " + table + " WRITE";
            EXPECT_NE(mysql_real_connect(
                              mariadb_, nullptr, "root", nullptr, "contract", 0, socket.c_str(), 0),
                    nullptr);
            EXPECT_EQ(mysql_query(mariadb_, lock.c_str()), 0);
        }
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    ~Holder() {
        if (postgres_ != nullptr) {
            PQfinish(postgres_);
        }
        if (mariadb_ != nullptr) {
            mysql_close(mariadb_);
        }
    }

  private:
    PGconn* postgres_ = nullptr;
    MYSQL* mariadb_ = nullptr;
};

TEST_P(SideLanesTest, a_table_that_somebody_locks_holds_back_no_other) {
    if (!database().is_server()) {
        GTEST_SKIP() << "a file has one lock";
    }
    add_table("good");
    add_table("bad");
    start();
    publish({"good", "bad"}, 0, 10);
    ASSERT_TRUE(becomes("bad", 0, 10));
    {
        const Holder holder(database().url(), "bad");
        publish({"good", "bad"}, 10, 100);
        EXPECT_TRUE(becomes("good", 0, 100));
        EXPECT_TRUE(set_aside_become({"main-0/bad"}));
        publish({"good", "bad"}, 100, 110);
        EXPECT_TRUE(becomes("good", 0, 110));
    }
    EXPECT_TRUE(becomes("bad", 0, 110));
    EXPECT_TRUE(is_one_lane_again());
    expect_it_adds_up(verified());
}

TEST_P(SideLanesTest, a_table_that_is_denied_while_it_runs_holds_back_no_other) {
    if (!database().url().starts_with("postgres")) {
        GTEST_SKIP() << "PostgreSQL's triggers can deny";
    }
    add_table("good");
    add_table("bad");
    start();
    publish({"good", "bad"}, 0, 10);
    ASSERT_TRUE(becomes("bad", 0, 10));
    database().execute(
            "CREATE FUNCTION deny() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE "
            "insufficient_privilege USING MESSAGE = ''permission denied for table bad''; END'; "
            "CREATE TRIGGER deny BEFORE INSERT ON bad FOR EACH ROW EXECUTE FUNCTION deny()");
    publish({"good", "bad"}, 10, 100);
    EXPECT_TRUE(becomes("good", 0, 100));
    EXPECT_TRUE(set_aside_become({"main-0/bad"}));
    EXPECT_TRUE(support::wait_until([&] {
        return lane().side_status().at(0).last_error.contains("GRANT");
    })) << lane().side_status().at(0).last_error;
    database().execute("DROP TRIGGER deny ON bad");
    publish({"good", "bad"}, 100, 110);
    EXPECT_TRUE(becomes("bad", 0, 110));
    EXPECT_TRUE(is_one_lane_again());
    expect_it_adds_up(verified());
}

}  // namespace
}  // namespace foz::pipeline
