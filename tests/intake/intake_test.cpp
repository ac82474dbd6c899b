// SPDX-License-Identifier: Apache-2.0
#include "intake/intake.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "tests/journal/local/journal_fixture.h"
#include "tests/support/position.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace foz::intake {
namespace {

constexpr journal::Position kNothingCommitted;

class IntakeTest : public testing::Test {
  protected:
    void open(IntakeTerms terms, std::uint64_t journal_bytes_max = 64 << 20) {
        journal_ = journal::local::open_or_fail(
                real_file_system(), {.directory = directory_ / "journal",
                                        .segment_bytes = 1 << 20,
                                        .size_max = journal_bytes_max,
                                        .free_space_min = 0});
        ASSERT_TRUE(journal_);
        terms.log_name = "test";
        intake_ = std::make_unique<Intake>(*journal_, terms, appended_);
    }

    void take(std::uint16_t packet_id, std::size_t bytes = 10) {
        const std::string payload(bytes, 'x');
        intake_->inbox().add_message({.topic = "t", .payload = payload, .client_id = "c"});
        intake_->inbox().add_ack({.connection = 7, .packet_id = packet_id});
    }
    [[nodiscard]] bool append() { return intake_->append(real_clock().steady_now()); }
    void wait_for_disk() {
        const auto end = journal_->status().end;
        ASSERT_TRUE(support::wait_until([&] { return journal_->durable_end() >= end; }));
    }
    [[nodiscard]] std::vector<std::uint16_t> due(journal::Position committed = kNothingCommitted) {
        std::vector<std::uint16_t> ids;
        intake_->deliver(committed, [&](const PendingAck& ack) {
            EXPECT_EQ(ack.connection, 7U);
            ids.push_back(ack.packet_id);
        });
        return ids;
    }
    using Ids = std::vector<std::uint16_t>;

    support::TemporaryDirectory directory_;
    std::unique_ptr<journal::Journal> journal_;
    std::atomic<std::uint64_t> appended_ = 0;
    std::unique_ptr<Intake> intake_;
};

TEST_F(IntakeTest, acknowledges_what_is_on_disk_in_order) {
    open({.ack = config::Ack::journal});
    take(1);
    take(2);
    EXPECT_EQ(due(), Ids()) << "not appended yet";
    ASSERT_TRUE(append());
    EXPECT_TRUE(intake_->wants_progress());
    wait_for_disk();
    EXPECT_EQ(due(), (Ids{1, 2}));
    EXPECT_FALSE(intake_->has_acks());
    EXPECT_FALSE(intake_->wants_progress());
    EXPECT_EQ(appended_, 2U);
}

TEST_F(IntakeTest, with_commit_waits_for_the_databases_too) {
    open({.ack = config::Ack::commit});
    take(1);
    ASSERT_TRUE(append());
    take(2);
    ASSERT_TRUE(append());
    wait_for_disk();
    EXPECT_EQ(due(), Ids());
    EXPECT_TRUE(intake_->has_acks());
    EXPECT_EQ(due(at(1)), Ids{1});
    EXPECT_EQ(due(at(2)), Ids{2});
    EXPECT_FALSE(intake_->has_acks());
}

TEST_F(IntakeTest, with_memory_does_not_wait_but_for_a_pubcomp) {
    open({.ack = config::Ack::memory});
    take(1);
    intake_->inbox().add_session_record(mqtt::RecordKind::release, {.client_id = "c"});
    intake_->inbox().add_ack({.connection = 7, .packet_id = 2, .type = mqtt::PacketType::pubcomp});
    ASSERT_TRUE(append());
    Ids all = due();
    EXPECT_EQ(all.back(), 1);
    wait_for_disk();
    const Ids later = due();
    all.insert(all.end(), later.begin(), later.end());
    EXPECT_EQ(std::ranges::count(all, 2), 1);
}

TEST_F(IntakeTest, an_acknowledgement_without_a_record_waits_for_what_anyone_has_appended) {
    open({.ack = config::Ack::journal});
    journal::RecordBatch others;
    others.add(1, as_bytes("x"));
    ASSERT_TRUE(journal_->append(others));
    intake_->inbox().add_ack({.connection = 7, .packet_id = 1});
    ASSERT_TRUE(append());
    wait_for_disk();
    EXPECT_EQ(due(), Ids{1});
    EXPECT_EQ(appended_, 0U);
}

TEST_F(IntakeTest, keeps_everything_while_the_journal_has_no_room) {
    open({.ack = config::Ack::journal}, 4 << 20);
    journal_->set_cursor("reader", at(0));
    std::uint16_t taken = 0;
    while (append()) {
        take(++taken, 100'000);
        ASSERT_LT(taken, 1'000);
    }
    EXPECT_TRUE(intake_->stalled());
    EXPECT_GT(intake_->inbox().bytes(), 100'000U);
    bool passed = false;
    intake_->add_barrier([&] { passed = true; });
    intake_->run_barriers();
    EXPECT_FALSE(passed);
    Ids ids = due();
    EXPECT_LT(ids.size(), taken);

    const auto read_on = [&] { journal_->set_cursor("reader", journal_->durable_end()); };
    ASSERT_TRUE(support::wait_until([&] {
        read_on();
        return append();
    }));
    EXPECT_FALSE(intake_->stalled());
    intake_->run_barriers();
    EXPECT_TRUE(passed);
    ASSERT_TRUE(support::wait_until([&] {
        read_on();
        const Ids more = due();
        ids.insert(ids.end(), more.begin(), more.end());
        return !intake_->has_acks();
    }));
    Ids all(taken);
    std::iota(all.begin(), all.end(), std::uint16_t{1});
    EXPECT_EQ(ids, all) << "each once, in order";
    EXPECT_EQ(appended_, taken);
}

TEST_F(IntakeTest, a_barrier_is_passed_once_what_was_there_is_appended) {
    open({});
    int passed = 0;
    take(1);
    intake_->add_barrier([&] { ++passed; });
    intake_->run_barriers();
    EXPECT_EQ(passed, 0);
    ASSERT_TRUE(append());
    intake_->run_barriers();
    intake_->run_barriers();
    EXPECT_EQ(passed, 1);
}

TEST_F(IntakeTest, forgets_acknowledgements_and_keeps_the_messages) {
    open({});
    take(1);
    ASSERT_TRUE(append());
    take(2);
    intake_->forget_acks();
    ASSERT_TRUE(append());
    wait_for_disk();
    EXPECT_EQ(due(), Ids());
    EXPECT_EQ(appended_, 2U);
}

TEST_F(IntakeTest, wants_to_hear_of_the_disk_also_without_acknowledgements_if_it_waits_for_it) {
    open({.waits_for_disk = true});
    intake_->inbox().add_message({.topic = "t", .client_id = "c"});
    ASSERT_TRUE(append());
    EXPECT_TRUE(intake_->wants_progress());
    wait_for_disk();
    EXPECT_TRUE(intake_->durable());
    EXPECT_EQ(due(), Ids());
    EXPECT_FALSE(intake_->wants_progress());
}

}  // namespace
}  // namespace foz::intake
