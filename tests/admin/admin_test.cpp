// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/data_folder.h"
#include "admin/dead_letters.h"
#include "admin/journal_changes.h"
#include "admin/journal_view.h"
#include "admin/replay.h"
#include "admin/sessions.h"
#include "admin/verification.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "config/settings_parser.h"
#include "journal/local/local_journal.h"
#include "mqtt/message.h"
#include "server/journal_options.h"
#include "tests/support/temporary_directory.h"

namespace foz::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A data folder that foz has used, with two messages in its journal.
class Admin : public testing::Test {
  protected:
    Admin() {
        settings_.data = directory_.path();
        settings_.journal.segment_bytes = 64 << 10;
        auto journal = journal::local::open_local_journal(
                server::journal_options(settings_), real_file_system(), real_clock());
        EXPECT_TRUE(journal) << journal.error().message;
        auto state = state::StateDatabase::open(settings_.data / "state.db");
        EXPECT_TRUE(state) << state.error().message;
        journal::RecordBatch batch;
        for (const std::string payload : {"1", "\x1b[2J"}) {
            mqtt::Message message;
            message.topic = "room/temperature";
            message.client_id = "esp32";
            message.payload = payload;
            message.received = real_clock().system_now();
            mqtt::encode_message(
                    message, batch.begin_record(std::to_underlying(mqtt::RecordKind::message)));
            batch.end_record();
        }
        EXPECT_TRUE((*journal)->append(batch));
        // Its destructor writes what is queued.
    }

    DataFolder folder() {
        auto opened = DataFolder::open(settings_);
        EXPECT_TRUE(opened) << opened.error().message;
        return *std::move(opened);
    }

    support::TemporaryDirectory directory_;
    config::Settings settings_ = config::default_settings();
};

TEST(DataFolder, that_no_foz_has_used_is_named) {
    const support::TemporaryDirectory empty;
    config::Settings settings = config::default_settings();
    settings.data = empty.path();
    const auto opened = DataFolder::open(settings);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::not_found);
    EXPECT_THAT(opened.error().message, HasSubstr((empty / "state.db").string()));
}

TEST_F(Admin, shows_the_journal_with_what_a_terminal_must_not_get_escaped) {
    const auto view = view_journal(settings_);
    ASSERT_TRUE(view) << view.error().message;
    EXPECT_EQ(view->status.end.number(), 2U);
    EXPECT_EQ(view->segments.size(), 1U);
    std::vector<std::string> lines;
    ASSERT_TRUE(for_each_record(settings_, "", 10,
            [&](const journal::Record& record) { lines.push_back(describe(record)); }));
    EXPECT_THAT(
            lines, ElementsAre("message topic=room/temperature client=esp32 qos=0 payload=1",
                           "message topic=room/temperature client=esp32 qos=0 payload=\\x1b[2J"));
}

TEST_F(Admin, begins_to_show_records_where_it_is_told_to) {
    std::vector<std::string> lines;
    const auto note = [&](const journal::Record& record) { lines.push_back(describe(record)); };
    ASSERT_TRUE(for_each_record(settings_, "1", 10, note));
    EXPECT_EQ(lines.size(), 1U);
    ASSERT_TRUE(for_each_record(settings_, "2000-01-01 00:00:00", 1, note));
    EXPECT_EQ(lines.size(), 2U);
    const auto refused = for_each_record(settings_, "yesterday", 1, note);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
}

TEST_F(Admin, gives_up_no_cursor_that_is_not_there) {
    const auto forgotten = forget_cursor(settings_, "old/main");
    ASSERT_FALSE(forgotten);
    EXPECT_EQ(forgotten.error().code, ErrorCode::invalid);
    EXPECT_THAT(forgotten.error().message, HasSubstr("\"old/main\""));
}

TEST_F(Admin, ends_no_session_that_is_not_there_or_is_its_own) {
    const DataFolder opened = folder();
    const auto saved = saved_sessions(opened);
    ASSERT_TRUE(saved) << saved.error().message;
    EXPECT_TRUE(saved->sessions.empty());
    const auto unknown = request_session_end(opened, *saved, "esp32");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::not_found);
    session::SessionCheckpoint one;
    one.sessions.emplace_back().client_id = "esp32";
    ASSERT_TRUE(request_session_end(opened, one, "esp32"));
    const auto ended = requested_sessions_ended(opened);
    ASSERT_TRUE(ended) << ended.error().message;
    EXPECT_FALSE(*ended);
}

TEST_F(Admin, replays_nothing_when_the_request_cannot_be) {
    const DataFolder opened = folder();
    const auto refusal = [&](const ReplayRequest& request) {
        const auto replayed = replay(
                opened, request, [](const ReplayProgress&) {},
                [](const DatabaseReplay& done) { ADD_FAILURE() << done.database; });
        return replayed ? "" : replayed.error().message;
    };
    EXPECT_THAT(refusal({.from = "3"}), HasSubstr("up to, but not including, 2; 3 is not among"));
    EXPECT_THAT(refusal({.from = "1", .to = "0"}), HasSubstr("--to 0 is before --from 1"));
    EXPECT_THAT(refusal({.from = "0", .route = "none"}), HasSubstr("no route \"none\""));
    EXPECT_THAT(refusal({.from = "0", .name = std::string(200, 'n')}), HasSubstr("shorter --name"));
}

TEST_F(Admin, replays_into_a_new_database_once) {
    settings_.databases.front().url = "sqlite:" + (directory_ / "copy.sqlite").string();
    const DataFolder opened = folder();
    std::vector<DatabaseReplay> done;
    const auto replay_all = [&] {
        return replay(
                opened, {.from = "0"}, [](const ReplayProgress&) {},
                [&](const DatabaseReplay& one) { done.push_back(one); });
    };
    ASSERT_TRUE(replay_all());
    ASSERT_TRUE(replay_all());
    ASSERT_EQ(done.size(), 2U);
    ASSERT_TRUE(done[0].ledger) << done[0].ledger.error().message;
    EXPECT_FALSE(done[0].was_complete);
    EXPECT_EQ(done[0].lane, "replay-0");
    EXPECT_TRUE(done[1].was_complete);
}

TEST_F(Admin, finds_no_dead_letters_where_there_are_none) {
    const auto any = any_dead_letter(folder(), {});
    ASSERT_TRUE(any) << any.error().message;
    EXPECT_FALSE(*any);
}

TEST(DeadLetterJson, keeps_what_is_no_text_as_base64) {
    state::DeadLetter letter;
    letter.id = 7;
    letter.reason = "a \"quoted\"\nreason";
    letter.payload = std::string("\xff\x00", 2);
    const std::string json = json_of(letter);
    EXPECT_THAT(json, HasSubstr(R"("reason":"a \"quoted\"\u000areason")"));
    EXPECT_THAT(json, HasSubstr(R"("payload_base64":"/wA=")"));
    letter.payload = "text";
    EXPECT_THAT(json_of(letter), HasSubstr(R"("payload":"text")"));
}

TEST(Verdict, is_the_worst_of_what_was_found) {
    VerificationReport report;
    EXPECT_EQ(report.verdict(), Verdict::adds_up);
    report.standstills.emplace_back();
    EXPECT_EQ(report.verdict(), Verdict::stands_still);
    report.databases.push_back({"gone", fail(ErrorCode::unavailable, "gone")});
    EXPECT_EQ(report.verdict(), Verdict::not_checked);
    pipeline::Verification differing;
    differing.differences.emplace_back("one row too many");
    report.databases.push_back({"main", differing});
    EXPECT_EQ(report.verdict(), Verdict::differs);
}

}  // namespace
}  // namespace foz::admin
