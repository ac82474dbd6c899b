// SPDX-License-Identifier: Apache-2.0
#include "pipeline/dead_replay.h"

#include "sink/sqlite/sqlite_sink.h"
#include "tests/pipeline/runner_fixture.h"

namespace foz::pipeline {
namespace {

class DeadReplayTest : public RunnerTest {
  protected:
    /// A dead letter for each of the numbers below `past`.
    void refuse_all(int past) {
        execute("CREATE TABLE numbers (n INTEGER CHECK (false))");
        publish_numbers(0, past);
        auto runner = make_runner();
        runner->start();
        ASSERT_TRUE(has_caught_up(*runner));
        ASSERT_EQ(letters().size(), static_cast<std::size_t>(past));
        execute("DROP TABLE numbers");
    }

    /// Replays all; writes meet what `fault` says.
    Result<DeadReplayResult> replay(std::function<Fault()> fault = {}) {
        writes_ = 0;
        auto sqlite = sink::sqlite::kind().make({.url = settings_.databases[0].url});
        FaultySink sink(
                std::move(*sqlite),
                [&] {
                    ++writes_;
                    return fault ? fault() : Fault::none;
                },
                {}, {}, SIZE_MAX);
        auto mapping = mapping::Mapping::compile(settings_, "db");
        state::LetterFilter filter;
        filter.journal = journal_->status().id;
        filter.database = "db";
        return replay_dead_letters(*state_, sink, *mapping, filter);
    }

    int writes_ = 0;
};

TEST_F(DeadReplayTest, writes_letters_in_large_groups) {
    refuse_all(1200);
    const auto replayed = replay();
    ASSERT_TRUE(replayed) << replayed.error().message;
    EXPECT_EQ(replayed->stored, 1200U);
    EXPECT_LT(writes_, 10);
    EXPECT_TRUE(letters().empty());
    EXPECT_EQ(cell("SELECT count(DISTINCT n) || ' ' || count(*) FROM numbers"), "1200 1200");
    EXPECT_EQ(cell("SELECT dead FROM foz_ledger WHERE lane = 'dead'"), "-1200");
}

TEST_F(DeadReplayTest, what_is_refused_again_stays_with_its_new_reason_and_the_rest_is_stored) {
    refuse_all(700);
    execute("CREATE TABLE numbers (n INTEGER CHECK (n % 3 <> 0))");
    const auto replayed = replay();
    ASSERT_TRUE(replayed) << replayed.error().message;
    EXPECT_EQ(replayed->stored, 466U);
    EXPECT_EQ(replayed->dead, 234U);
    EXPECT_LT(writes_, 20);
    EXPECT_EQ(letters().size(), 234U);
    EXPECT_NE(letters()[0].reason.find("n % 3"), std::string::npos) << letters()[0].reason;
    EXPECT_EQ(cell("SELECT count(DISTINCT n) || ' ' || count(*) FROM numbers"), "466 466");
    const auto again = replay();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->dead, 234U);
    EXPECT_EQ(letters().size(), 234U);
}

TEST_F(DeadReplayTest, that_fails_at_any_write_neither_loses_nor_doubles_a_letter) {
    refuse_all(1200);
    execute("CREATE TABLE numbers (n INTEGER CHECK (n % 100 <> 0))");
    for (const Fault last : {Fault::lost_answer, Fault::lost_commit, Fault::retry}) {
        int writes = 0;
        static_cast<void>(replay([&] { return ++writes == 2 ? last : Fault::none; }));
    }
    const auto replayed = replay();
    ASSERT_TRUE(replayed) << replayed.error().message;
    EXPECT_EQ(letters().size(), 12U);
    EXPECT_EQ(cell("SELECT count(DISTINCT n) || ' ' || count(*) FROM numbers"), "1188 1188");
    EXPECT_EQ(cell("SELECT sum(dead) FROM foz_ledger"), "12");
}

}  // namespace
}  // namespace foz::pipeline
