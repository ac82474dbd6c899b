// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "journal/local/frame.h"
#include "journal/local/segment_header.h"
#include "tests/journal/local/journal_fixture.h"
#include "tests/support/position.h"

namespace foz::journal::local {
namespace {

TEST(LocalJournal, gives_back_records_in_order_with_kind_and_time) {
    support::FaultyFileSystem files;
    MovableClock clock;
    auto journal = open_local_journal(small_options(), files, clock);
    ASSERT_TRUE(journal) << journal.error().message;
    RecordBatch batch;
    batch.add(1, as_bytes("first"));
    batch.add(200, as_bytes(""));
    clock.set(std::chrono::seconds(5000));
    const auto ticket = (*journal)->append(batch);
    ASSERT_TRUE(ticket);
    EXPECT_EQ((*journal)->last_ticket(), *ticket);
    ASSERT_TRUE((*journal)->wait_for(at(1), deadline()));
    EXPECT_EQ((*journal)->durable().ticket, *ticket);
    EXPECT_EQ((*journal)->durable().end, at(2));

    auto reader = (*journal)->read_from(at(0));
    ASSERT_TRUE(reader);
    auto record = (*reader)->next();
    ASSERT_TRUE(record && *record);
    EXPECT_EQ((*record)->position, at(0));
    EXPECT_EQ((*record)->kind, 1);
    EXPECT_EQ(as_text((*record)->bytes), "first");
    EXPECT_EQ((*record)->appended, SystemTime(std::chrono::seconds(5000)));
    record = (*reader)->next();
    ASSERT_TRUE(record && *record);
    EXPECT_EQ((*record)->position, at(1));
    EXPECT_EQ((*record)->kind, 200);
    EXPECT_TRUE((*record)->bytes.empty());
    record = (*reader)->next();
    ASSERT_TRUE(record);
    EXPECT_FALSE(*record);
    EXPECT_EQ((*reader)->position(), at(2));

    append_durably(**journal, "later");
    record = (*reader)->next();
    ASSERT_TRUE(record && *record);
    EXPECT_EQ(as_text((*record)->bytes), "later");
}

TEST(LocalJournal, starts_reading_at_any_record) {
    support::FaultyFileSystem files;
    const auto journal = open_or_fail(files);
    std::vector<std::string> texts;
    for (int i = 0; i < 200; i += 5) {
        RecordBatch batch;
        for (int k = i; k < i + 5; ++k) {
            texts.push_back(fmt::format("record {}", k));
            batch.add(1, as_bytes(texts.back()));
        }
        ASSERT_TRUE(journal->append(batch));
    }
    ASSERT_TRUE(journal->wait_for(at(199), deadline()));
    EXPECT_GT(journal->status().segments, 1U);
    for (std::size_t from = 0; from <= texts.size(); ++from) {
        EXPECT_EQ(read_all(*journal, at(from)), std::vector(texts.begin() + from, texts.end()));
    }
}

TEST(LocalJournal, is_what_it_was_after_closing_and_opening) {
    support::FaultyFileSystem files;
    std::vector<std::string> texts;
    std::string id;
    for (int round = 0; round < 20; ++round) {
        const auto journal = open_or_fail(files);
        EXPECT_TRUE(id.empty() || journal->status().id == id);
        id = journal->status().id;
        EXPECT_EQ(read_all(*journal), texts);
        for (int i = 0; i < 10; ++i) {
            texts.push_back(fmt::format("round {} record {}", round, i));
            EXPECT_TRUE(journal->append(batch_of(texts.back())));
        }
        // Closing writes what is queued.
    }
    EXPECT_EQ(read_all(*open_or_fail(files)), texts);
}

TEST(LocalJournal, stores_a_record_larger_than_a_segment) {
    support::FaultyFileSystem files;
    LocalJournalOptions options = small_options();
    const std::vector<std::string> texts{
        "small", std::string(300'000, 'L'), "small again", "and again"};
    {
        const auto journal = open_or_fail(files, options);
        for (const auto& text : texts) {
            append_durably(*journal, text);
        }
        EXPECT_EQ(read_all(*journal), texts);
    }
    EXPECT_EQ(read_all(*open_or_fail(files, options)), texts);
}

TEST(LocalJournal, stores_a_record_larger_than_a_segment_as_its_very_first) {
    support::FaultyFileSystem files;
    const std::vector<std::string> texts{std::string(10'000, 'L'), "small"};
    {
        const auto journal = open_or_fail(files);
        const auto reader =
                journal->read_from(at(0));  // has the empty segment open, which is replaced
        append_durably(*journal, texts[0]);
        append_durably(*journal, texts[1]);
        EXPECT_EQ(read_all(*journal), texts);
        auto record = (*reader)->next();
        ASSERT_TRUE(record && *record);
        EXPECT_EQ(as_text((*record)->bytes), texts[0]);
        EXPECT_EQ(journal->status().segments, segment_files(files).size());
    }
    EXPECT_EQ(read_all(*open_or_fail(files)), texts);
}

TEST(LocalJournal, refuses_an_append_that_could_never_fit_under_its_cap) {
    support::FaultyFileSystem files;
    const auto journal = open_or_fail(files);
    const auto refused = journal->append(batch_of(std::string(600'000, 'x')));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
}

TEST(LocalJournal, refuses_limits_that_cannot_work) {
    support::FaultyFileSystem files;
    LocalJournalOptions options = small_options();
    options.size_max = 2 * options.segment_bytes - 1;
    EXPECT_EQ(open_local_journal(options, files, real_clock()).error().code, ErrorCode::invalid);
    options = small_options();
    options.segment_bytes = 4095;
    EXPECT_EQ(open_local_journal(options, files, real_clock()).error().code, ErrorCode::invalid);
}

TEST(LocalJournal, tells_listeners_once_for_many_appends) {
    support::FaultyFileSystem files;
    RememberingListener listener;
    const auto journal = open_or_fail(files);
    journal->add_listener(listener);
    const Position end = append_durably(*journal, "x");
    EXPECT_TRUE(eventually([&] { return listener.durable_end() == end; }));
    journal->remove_listener(listener);
    append_durably(*journal, "y");
    EXPECT_EQ(listener.durable_end(), end);
}

TEST(LocalJournal, waits_until_a_record_is_durable_or_the_deadline_or_a_wake_call) {
    support::FaultyFileSystem files;
    const auto journal = open_or_fail(files);
    EXPECT_FALSE(journal->wait_for(at(0), std::chrono::steady_clock::now()));

    std::thread appender([&] { append_durably(*journal, "x"); });
    EXPECT_TRUE(journal->wait_for(at(0), deadline()));
    appender.join();

    std::atomic<bool> returned = false;
    std::thread waiter([&] {
        EXPECT_FALSE(journal->wait_for(at(1), SteadyTime::max()));
        returned = true;
    });
    EXPECT_TRUE(eventually([&] {
        journal->wake_waiters();
        return returned.load();
    }));
    waiter.join();
}

TEST(LocalJournal, names_both_positions_when_one_is_beyond_its_end) {
    support::FaultyFileSystem files;
    const auto journal = open_or_fail(files);
    const auto reader = journal->read_from(at(7));
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, ErrorCode::not_found);
    EXPECT_EQ(reader.error().message, "position 7 is beyond the journal's end, 0");
}

TEST(LocalJournal, finds_the_first_record_at_or_after_a_time) {
    support::FaultyFileSystem files;
    MovableClock clock;
    clock.set(std::chrono::seconds(1000));
    auto journal = open_local_journal(small_options(), files, clock);
    ASSERT_TRUE(journal);
    const auto time = [](int second) { return SystemTime(std::chrono::seconds(second)); };
    EXPECT_EQ((*journal)->position_at(time(0)), at(0));
    for (int i = 0; i < 300; ++i) {
        clock.set(std::chrono::seconds(1000 + 10 * i));
        append_durably(**journal, "a record");
    }
    ASSERT_GT((*journal)->status().segments, 2U);
    EXPECT_EQ((*journal)->position_at(time(0)), at(0));
    for (int i = 0; i < 300; ++i) {
        EXPECT_EQ((*journal)->position_at(time(1000 + 10 * i)), at(i));
        EXPECT_EQ((*journal)->position_at(time(1001 + 10 * i)), at(i + 1));
    }
}

TEST(LocalJournal, keeps_cursors_across_restarts_and_never_moves_one_back) {
    support::FaultyFileSystem files;
    {
        const auto journal = open_or_fail(files);
        for (int i = 0; i < 10; ++i) {
            append_durably(*journal, "x");
        }
        journal->set_cursor("a", at(5));
        journal->set_cursor("a", at(3));
        journal->set_cursor("b", at(1000));  // says more than can be true
        journal->set_cursor("c", at(1));
        journal->remove_cursor("c");
    }
    const auto cursors = open_or_fail(files)->cursors();
    ASSERT_EQ(cursors.size(), 2U);
    EXPECT_EQ(cursors[0].name, "a");
    EXPECT_EQ(cursors[0].position, at(5));
    EXPECT_EQ(cursors[1].name, "b");
    EXPECT_EQ(cursors[1].position, at(10));
}

TEST(LocalJournal, removes_segments_that_all_cursors_have_passed_and_no_others) {
    support::FaultyFileSystem files;
    LocalJournalOptions options = small_options();
    options.retain_bytes = 0;
    const auto journal = open_or_fail(files, options);
    journal->set_cursor("fast", at(0));
    journal->set_cursor("slow", at(0));
    for (int i = 0; i < 300; ++i) {
        append_durably(*journal, "a record");
    }
    auto early = journal->read_from(at(0));
    ASSERT_TRUE(early && (*early)->next());
    journal->set_cursor("fast", at(300));
    journal->set_cursor("slow", at(150));
    // One by one: until the segment with record 75 has gone, which is not the early reader's.
    EXPECT_TRUE(eventually([&] { return journal->status().first > at(75); }));
    EXPECT_LE(journal->status().first, at(150));
    EXPECT_EQ(read_all(*journal, at(150)).size(), 150U);

    const auto late = journal->read_from(at(0));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::not_found);
    // The early reader holds its file; beyond it the records are gone.
    auto record = (*early)->next();
    while (record && *record) {
        record = (*early)->next();
    }
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().code, ErrorCode::not_found);
}

TEST(LocalJournal, prepares_the_next_segment_while_it_fills_the_current_one) {
    support::FaultyFileSystem files;
    const auto journal = open_or_fail(files);
    while (journal->status().end < at(40)) {  // of some 60 that fit
        append_durably(*journal, "a record");
    }
    EXPECT_TRUE(eventually([&] {
        return files.list(small_options().directory)->back() == "spare" &&
               files.content(small_options().directory / "spare").size() ==
                       small_options().segment_bytes;
    }));
}

TEST(LocalJournal, is_locked_against_a_second_process) {
    support::FaultyFileSystem files;
    const auto journal = open_or_fail(files);
    const auto second = open_local_journal(small_options(), files, real_clock());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::unavailable);
    EXPECT_NE(second.error().message.find("/journal"), std::string::npos) << second.error().message;
}

}  // namespace
}  // namespace foz::journal::local
