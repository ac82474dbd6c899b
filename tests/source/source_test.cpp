// SPDX-License-Identifier: Apache-2.0
#include "source/source.h"

#include <gtest/gtest.h>

#include "delivery/session_recovery.h"
#include "delivery/session_saver.h"
#include "delivery/set_aside.h"
#include "mqtt/message.h"
#include "tests/journal/local/journal_fixture.h"
#include "tests/support/position.h"
#include "tests/support/raw_broker.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace foz::source {
namespace {

using mqtt::PacketType;
using support::RawBroker;

/// A source, its journal, and a broker that the test plays.
class SourceWithABroker : public testing::Test {
  protected:
    void SetUp() override {
        settings_.remote.name = "plant";
        settings_.remote.url = fmt::format("mqtt://127.0.0.1:{}", broker_.port());
        settings_.remote.client_id = "foz-plant";
        settings_.remote.version = "3.1.1";
        settings_.remote.retry_delay_max = std::chrono::milliseconds(100);
        settings_.subscribe = {{.topic = "t", .qos = 2}};
        start();
    }
    void start() {
        journal_ = journal::local::open_or_fail(
                real_file_system(), {.directory = directory_ / "journal",
                                        .segment_bytes = 1 << 16,
                                        .size_max = size_max_,
                                        .free_space_min = 0});
        ASSERT_TRUE(journal_);
        auto state = state::StateDatabase::open(directory_ / "state.db");
        ASSERT_TRUE(state) << state.error().message;
        state_ = std::move(*state);
        const auto sessions = delivery::recover_sessions(*journal_, *state_);
        ASSERT_TRUE(sessions) << sessions.error().message;
        auto source =
                Source::start(settings_, sessions->sessions, {intake_, *journal_, real_clock()});
        ASSERT_TRUE(source) << source.error().message;
        source_ = std::move(*source);
    }
    /// As a crash would: nothing is saved, nobody is told.
    void stop() {
        source_.reset();
        state_.reset();
        journal_.reset();
    }
    [[nodiscard]] std::vector<std::string> payloads() {
        std::vector<std::string> payloads;
        auto reader = journal_->read_from(journal_->status().first);
        while (auto record = (*reader)->next()) {
            if (!*record) {
                break;
            }
            if ((*record)->kind == static_cast<std::uint8_t>(mqtt::RecordKind::message)) {
                payloads.emplace_back(mqtt::decode_message((*record)->bytes)->payload);
            }
        }
        return payloads;
    }

    RawBroker broker_;
    support::TemporaryDirectory directory_;
    config::Source settings_;
    intake::LinkIntakeTerms intake_;
    std::uint64_t size_max_ = 1 << 30;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<state::StateDatabase> state_;
    std::unique_ptr<Source> source_;
};

TEST_F(SourceWithABroker, acknowledges_what_is_in_the_journal) {
    broker_.welcome(false);
    broker_.publish(1, 7, "one");
    EXPECT_EQ(broker_.expect_id(PacketType::puback), 7);
    EXPECT_EQ(payloads(), std::vector<std::string>{"one"});
    broker_.publish(2, 8, "two");
    EXPECT_EQ(broker_.expect_id(PacketType::pubrec), 8);
    broker_.release(8);
    EXPECT_EQ(broker_.expect_id(PacketType::pubcomp), 8);
    EXPECT_EQ(source_->status().messages, 2U);
    auto reader = journal_->read_from(at(0));
    for (auto record = (*reader)->next(); record && *record; record = (*reader)->next()) {
        if ((*record)->kind == static_cast<std::uint8_t>(mqtt::RecordKind::message)) {
            EXPECT_EQ(mqtt::decode_message((*record)->bytes)->client_id, "$source/plant");
        }
    }
}

TEST_F(SourceWithABroker, knows_after_a_crash_which_qos_2_messages_it_has) {
    for (const bool with_checkpoint : {false, true}) {
        broker_.welcome(with_checkpoint);
        broker_.publish(2, 5, "five");
        EXPECT_EQ(broker_.expect_id(PacketType::pubrec), 5);
        broker_.publish(2, 6, "six");
        EXPECT_EQ(broker_.expect_id(PacketType::pubrec), 6);
        broker_.release(6);
        EXPECT_EQ(broker_.expect_id(PacketType::pubcomp), 6);
        if (with_checkpoint) {
            session::SessionHolder* const holders[] = {source_.get()};
            delivery::SetAside set_aside(*state_, journal_->status().id);
            delivery::SessionSaver(*journal_, *state_, set_aside, real_clock()).save(holders);
        }
        stop();
        broker_.hang_up();
        start();
        const std::size_t before = payloads().size();
        broker_.welcome(true);
        broker_.publish(2, 5, "five");
        EXPECT_EQ(broker_.expect_id(PacketType::pubrec), 5);
        EXPECT_EQ(payloads().size(), before) << "the message was journaled twice";
        broker_.publish(2, 6, "another six");
        EXPECT_EQ(broker_.expect_id(PacketType::pubrec), 6);
        EXPECT_EQ(payloads().size(), before + 1) << "a released id stands for a new message";
        broker_.release(5);
        EXPECT_EQ(broker_.expect_id(PacketType::pubcomp), 5);
        broker_.release(6);
        EXPECT_EQ(broker_.expect_id(PacketType::pubcomp), 6);
        stop();
        broker_.hang_up();
        start();
    }
}

TEST_F(SourceWithABroker, stores_another_message_with_a_packet_id_that_the_broker_has_forgotten) {
    for (const bool with_checkpoint : {false, true}) {
        broker_.welcome(with_checkpoint);
        broker_.publish(2, 5, "old");
        EXPECT_EQ(broker_.expect_id(PacketType::pubrec), 5);
        if (with_checkpoint) {
            session::SessionHolder* const holders[] = {source_.get()};
            delivery::SetAside set_aside(*state_, journal_->status().id);
            delivery::SessionSaver(*journal_, *state_, set_aside, real_clock()).save(holders);
        }
        stop();
        broker_.hang_up();
        start();
        const std::size_t before = payloads().size();
        broker_.welcome(true);
        // It was killed, and goes on from what it had saved before it sent the old one.
        for (int times = 0; times < 2; ++times) {
            broker_.publish(2, 5, "new");
            EXPECT_EQ(broker_.expect_id(PacketType::pubrec), 5);
            EXPECT_EQ(payloads().size(), before + 1);
        }
        EXPECT_EQ(payloads().back(), "new");
        broker_.release(5);
        EXPECT_EQ(broker_.expect_id(PacketType::pubcomp), 5);
        stop();
        broker_.hang_up();
        start();
    }
}

TEST_F(SourceWithABroker, takes_a_packet_id_for_new_when_the_broker_has_lost_the_session) {
    broker_.welcome(false);
    broker_.publish(2, 5, "old");
    EXPECT_EQ(broker_.expect_id(PacketType::pubrec), 5);
    stop();
    broker_.hang_up();
    start();
    broker_.welcome(false);
    broker_.publish(2, 5, "new");
    EXPECT_EQ(broker_.expect_id(PacketType::pubrec), 5);
    EXPECT_EQ(payloads(), (std::vector<std::string>{"old", "new"}));
    stop();
    broker_.hang_up();
    start();
    broker_.welcome(true);
    broker_.publish(2, 5, "new");
    EXPECT_EQ(broker_.expect_id(PacketType::pubrec), 5);
    EXPECT_EQ(payloads().size(), 2U);
}

TEST_F(SourceWithABroker, acknowledges_what_was_received_before_it_drains_and_says_good_bye) {
    broker_.welcome(false);
    broker_.publish(1, 7, "one");
    EXPECT_EQ(broker_.expect_id(PacketType::puback), 7);
    source_->drain(real_clock().steady_now() + std::chrono::seconds(5));
    broker_.expect(PacketType::disconnect);
    EXPECT_EQ(source_->status().link.state, client::LinkState::stopped);
}

TEST_F(SourceWithABroker, stores_retained_messages_unless_told_to_skip_them) {
    broker_.welcome(false);
    broker_.publish({.topic = "t", .payload = "old", .packet_id = 7, .qos = 1, .retain = true});
    EXPECT_EQ(broker_.expect_id(PacketType::puback), 7);
    EXPECT_EQ(payloads(), std::vector<std::string>{"old"});
    stop();
    settings_.retained = config::Retained::skip;
    start();
    broker_.welcome(true);
    broker_.publish({.topic = "t", .payload = "old", .packet_id = 8, .qos = 1, .retain = true});
    EXPECT_EQ(broker_.expect_id(PacketType::puback), 8);
    broker_.publish({.topic = "t", .payload = "old", .packet_id = 9, .qos = 2, .retain = true});
    EXPECT_EQ(broker_.expect_id(PacketType::pubrec), 9);
    broker_.release(9);
    EXPECT_EQ(broker_.expect_id(PacketType::pubcomp), 9);
    broker_.publish({.topic = "t", .payload = "old", .packet_id = 0, .qos = 0, .retain = true});
    broker_.publish(1, 10, "new");
    EXPECT_EQ(broker_.expect_id(PacketType::puback), 10);
    EXPECT_EQ(payloads(), (std::vector<std::string>{"old", "new"}));
}

TEST_F(SourceWithABroker, waits_for_the_databases_when_told_to) {
    stop();
    intake_.ack = config::Ack::commit;
    start();
    broker_.welcome(false);
    broker_.publish(1, 7, "one");
    ASSERT_TRUE(support::wait_until([&] { return payloads().size() == 1; }));
    EXPECT_TRUE(broker_.is_silent(std::chrono::milliseconds(50)));
    source_->set_committed(journal_->status().end);
    EXPECT_EQ(broker_.expect_id(PacketType::puback), 7);
}

TEST_F(SourceWithABroker, reads_no_more_while_the_journal_is_full_and_goes_on_by_itself) {
    stop();
    std::filesystem::remove_all(directory_ / "journal");
    size_max_ = 1 << 18;
    start();
    journal_->set_cursor("a slow database", at(0));
    broker_.welcome(false);
    const std::string payload(8 << 10, 'x');
    std::uint16_t sent = 0;
    std::uint16_t acknowledged = 0;
    // Until the journal takes nothing, and foz does not answer any more.
    while (!journal_->status().stalled) {
        broker_.publish(1, ++sent, payload);
        if (!broker_.is_silent(std::chrono::milliseconds(200))) {
            EXPECT_EQ(broker_.expect_id(PacketType::puback), ++acknowledged);
        }
    }
    ASSERT_GT(acknowledged, 0);
    ASSERT_GT(sent, acknowledged);
    journal_->set_cursor("a slow database", journal_->durable_end());
    journal_->set_cursor(session::kSessionCursor, journal_->durable_end());
    while (acknowledged < sent) {
        EXPECT_EQ(broker_.expect_id(PacketType::puback), ++acknowledged);
    }
}

TEST_F(SourceWithABroker, leaves_a_message_that_the_journal_can_never_take_with_the_broker) {
    stop();
    intake_.message_bytes_max = 1'000;
    broker_.hang_up();
    start();
    const std::string large(1'000, 'x');
    broker_.welcome(false);
    broker_.publish(1, 7, large);
    broker_.publish(2, 8, large);
    broker_.publish(1, 9, "small");
    EXPECT_EQ(broker_.expect_id(PacketType::puback), 9);
    EXPECT_EQ(payloads(), std::vector<std::string>{"small"});
    stop();
    intake_.message_bytes_max = 10'000;
    broker_.hang_up();
    start();
    broker_.welcome(true);
    broker_.publish(1, 7, large);
    EXPECT_EQ(broker_.expect_id(PacketType::puback), 7);
    broker_.publish(2, 8, large);
    EXPECT_EQ(broker_.expect_id(PacketType::pubrec), 8);
    EXPECT_EQ(payloads(), (std::vector<std::string>{"small", large, large}));
}

}  // namespace
}  // namespace foz::source
