// SPDX-License-Identifier: Apache-2.0
#include "delivery/session_saver.h"

#include <algorithm>

#include "delivery/session_recovery.h"
#include "mqtt/message.h"
#include "session/session_checkpoint.h"
#include "tests/journal/local/journal_fixture.h"
#include "tests/support/position.h"
#include "tests/support/temporary_directory.h"

namespace foz::delivery {
namespace {

using session::kSessionCursor;
using session::Session;
using session::SessionCheckpoint;
using session::SessionHolder;
using session::SessionSnapshot;
using session::Unreleased;

using mqtt::RecordKind;
using support::HangingSyncs;

/// Whatever it waits for is late.
class ImpatientClock final : public Clock {
  public:
    [[nodiscard]] SystemTime system_now() const override { return real_clock().system_now(); }
    [[nodiscard]] SteadyTime steady_now() const override { return {}; }
};

/// A client with one session, which does what the broker does: the session changes first, then its
/// record is appended.
class OneClient final : public SessionHolder {
  public:
    explicit OneClient(journal::Journal& journal) : journal_(journal) {
        journal::RecordBatch batch;
        mqtt::encode_session_record({.client_id = session_->client_id(), .expiry_seconds = 60},
                batch.begin_record(static_cast<std::uint8_t>(RecordKind::session_started)));
        batch.end_record();
        EXPECT_TRUE(journal_.append(batch));
    }

    void note(std::uint16_t packet_id) { (void)session_->note_received(packet_id, "t", "payload"); }
    /// Whether the journal has taken it.
    [[nodiscard]] bool append(std::uint16_t packet_id, std::uint8_t qos = 2) {
        const std::string payload = qos == 2 ? "payload" : std::string(200, '.');
        journal::RecordBatch batch;
        mqtt::encode_message({.topic = "t",
                                 .payload = payload,
                                 .client_id = session_->client_id(),
                                 .received = {},
                                 .qos = qos,
                                 .retain = false,
                                 .packet_id = packet_id,
                                 .properties = {}},
                batch.begin_record(static_cast<std::uint8_t>(RecordKind::message)));
        batch.end_record();
        return journal_.append(batch).has_value();
    }
    [[nodiscard]] bool wait_until_durable() {
        return journal_.wait_for(
                journal_.status().end.previous().value_or(at(0)), journal::local::deadline());
    }
    void set_all_appended(bool appended) { all_appended_ = appended; }

    [[nodiscard]] std::vector<std::shared_ptr<Session>> persistent_sessions() override {
        return {session_};
    }
    [[nodiscard]] bool wait_until_appended(SteadyTime /*deadline*/) override {
        return all_appended_;
    }

  private:
    journal::Journal& journal_;
    const std::shared_ptr<Session> session_ = std::make_shared<Session>("device", 60);
    bool all_appended_ = true;
};

class SessionSaverTest : public testing::Test {
  protected:
    SessionSaverTest() {
        auto opened = state::StateDatabase::open(folder_ / "state.db");
        EXPECT_TRUE(opened) << opened.error().message;
        state_ = std::move(*opened);
        watch_ = state::SqliteConnection::open(folder_ / "state.db", {}).value();
    }

    void checkpoint(journal::Journal& journal, SessionHolder& holder, const Clock& clock) {
        SessionHolder* const holders[] = {&holder};
        SetAside set_aside(*state_, journal.status().id);
        SessionSaver(journal, *state_, set_aside, clock).save(holders);
    }
    /// The packet ids of all sessions that the next start finds unreleased.
    [[nodiscard]] std::vector<std::uint16_t> recovered_ids(journal::Journal& journal) {
        const auto recovered = recover_sessions(journal, *state_);
        EXPECT_TRUE(recovered) << recovered.error().message;
        std::vector<std::uint16_t> ids;
        for (const auto& session : recovered->sessions) {
            for (const Unreleased& message : session->unreleased()) {
                ids.push_back(message.packet_id);
            }
        }
        return ids;
    }
    [[nodiscard]] static std::optional<journal::Position> session_cursor(
            journal::Journal& journal) {
        for (const journal::NamedCursor& cursor : journal.cursors()) {
            if (cursor.name == kSessionCursor) {
                return cursor.position;
            }
        }
        return std::nullopt;
    }
    /// Grows when another connection has changed state.db.
    [[nodiscard]] std::int64_t changes_of_the_file() {
        return watch_.integer_of("PRAGMA data_version").value_or(-1);
    }
    void expect_that_a_lost_message_is_unknown(bool appended);

    support::FaultyFileSystem files_;
    support::TemporaryDirectory folder_;
    std::unique_ptr<state::StateDatabase> state_;
    state::SqliteConnection watch_;
};

// The second message is known to its session, but not on disk when the sessions are saved, and lost
// in the crash: the client sends it again, and it must be taken.
void SessionSaverTest::expect_that_a_lost_message_is_unknown(bool appended) {
    auto journal = journal::local::open_or_fail(files_);
    EXPECT_TRUE(recovered_ids(*journal).empty());
    OneClient client(*journal);
    client.note(1);
    ASSERT_TRUE(client.append(1));
    ASSERT_TRUE(client.wait_until_durable());
    {
        const HangingSyncs hanging(files_, ".segment");
        client.note(2);
        if (appended) {
            ASSERT_TRUE(client.append(2));
        }
        client.set_all_appended(appended);
        checkpoint(*journal, client, ImpatientClock());
        files_.stop_after(0);
    }
    journal.reset();
    files_.restart(support::Loss::everything);
    EXPECT_EQ(recovered_ids(*journal::local::open_or_fail(files_)), std::vector<std::uint16_t>{1});
}

TEST_F(SessionSaverTest, a_checkpoint_does_not_know_a_message_whose_record_is_queued) {
    expect_that_a_lost_message_is_unknown(true);
}

TEST_F(SessionSaverTest, a_checkpoint_does_not_know_a_message_that_is_not_appended_yet) {
    expect_that_a_lost_message_is_unknown(false);
}

TEST_F(SessionSaverTest, a_checkpoint_knows_what_is_on_disk_and_lets_the_journal_go_up_to_it) {
    auto journal = journal::local::open_or_fail(files_);
    EXPECT_TRUE(recovered_ids(*journal).empty());
    OneClient client(*journal);
    client.note(1);
    ASSERT_TRUE(client.append(1));
    ASSERT_TRUE(client.wait_until_durable());
    EXPECT_EQ(session_cursor(*journal), at(0));
    checkpoint(*journal, client, real_clock());
    EXPECT_EQ(session_cursor(*journal), journal->status().end);
    EXPECT_EQ(recovered_ids(*journal), std::vector<std::uint16_t>{1});
}

TEST_F(SessionSaverTest, a_new_journal_keeps_the_session_records_before_the_first_checkpoint) {
    journal::local::LocalJournalOptions options = journal::local::small_options();
    options.size_max = 4 * options.segment_bytes;
    auto journal = journal::local::open_or_fail(files_, options);
    EXPECT_TRUE(recovered_ids(*journal).empty());
    OneClient client(*journal);
    client.note(1);
    ASSERT_TRUE(client.append(1));
    // All that the lane has passed would go, since its room is needed.
    constexpr int kMoreThanFits = 1'000;
    while (!journal->status().stalled && journal->status().end < at(kMoreThanFits)) {
        (void)client.append(0, 0);
        journal->set_cursor("lane", journal->durable_end());
    }
    ASSERT_TRUE(journal->status().stalled);
    EXPECT_EQ(journal->status().first, at(0));
    EXPECT_EQ(recovered_ids(*journal), std::vector<std::uint16_t>{1});

    EXPECT_TRUE(journal::local::eventually([&] {
        checkpoint(*journal, client, ImpatientClock());  // what was queued may fill it again
        journal->set_cursor("lane", journal->durable_end());
        return client.append(0, 0);
    }));
    EXPECT_EQ(recovered_ids(*journal), std::vector<std::uint16_t>{1});
}

TEST_F(SessionSaverTest, writes_what_has_changed_and_nothing_when_nothing_has) {
    auto journal = journal::local::open_or_fail(files_);
    EXPECT_TRUE(recovered_ids(*journal).empty());
    OneClient client(*journal);
    client.note(1);
    ASSERT_TRUE(client.append(1));
    ASSERT_TRUE(client.wait_until_durable());
    SessionHolder* const holders[] = {&client};
    SetAside set_aside(*state_, journal->status().id);
    SessionSaver saver(*journal, *state_, set_aside, real_clock());
    saver.save(holders);
    const std::int64_t saved = changes_of_the_file();
    saver.save(holders);
    EXPECT_EQ(changes_of_the_file(), saved);

    client.note(2);
    ASSERT_TRUE(client.append(2));
    ASSERT_TRUE(client.wait_until_durable());
    saver.save(holders);
    EXPECT_GT(changes_of_the_file(), saved);
    EXPECT_EQ(recovered_ids(*journal), (std::vector<std::uint16_t>{1, 2}));

    saver.save({});
    const SessionCheckpoint unread{.position = at(0), .sessions = {{}}, .saved = {}};
    const auto last =
            session::load_sessions(*state_, journal->status().id).value().value_or(unread);
    EXPECT_TRUE(last.sessions.empty());
}

TEST_F(SessionSaverTest, a_checkpoint_is_never_beyond_what_is_on_disk) {
    const journal::local::LocalJournalOptions options = journal::local::small_options();
    files_.set_capacity(3 * options.segment_bytes);
    auto journal = journal::local::open_or_fail(files_, options);
    while (!journal->status().stalled) {
        (void)journal->append(journal::local::batch_of(std::string(200, '.')));
    }
    ASSERT_LT(journal->durable_end(), journal->status().end);
    SetAside set_aside(*state_, journal->status().id);
    SessionSaver(*journal, *state_, set_aside, real_clock()).save({});
    journal.reset();
    auto again = journal::local::open_or_fail(files_, options);
    const auto recovered = recover_sessions(*again, *state_);
    EXPECT_TRUE(recovered) << recovered.error().message;
}

TEST_F(SessionSaverTest, a_journal_that_has_lost_its_tail_goes_on_with_the_sessions_as_saved) {
    auto journal = journal::local::open_or_fail(files_);
    const std::string id = journal->status().id;
    const SessionSnapshot saved{.client_id = "c", .expiry_seconds = 60, .unreleased = {}};
    ASSERT_TRUE(session::save_sessions(*state_, id, at(1'000), {.changed = {saved}, .gone = {}}));
    const auto recovered = recover_sessions(*journal, *state_);
    ASSERT_TRUE(recovered) << recovered.error().message;
    ASSERT_EQ(recovered->sessions.size(), 1U);
    EXPECT_EQ(recovered->sessions.front()->client_id(), "c");
    const SessionCheckpoint unread{.position = at(1), .sessions = {}, .saved = {}};
    EXPECT_EQ(session::load_sessions(*state_, id).value().value_or(unread).position, at(0));
}

}  // namespace
}  // namespace foz::delivery
