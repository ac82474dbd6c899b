// SPDX-License-Identifier: Apache-2.0
#include "journal/local/spare_segment.h"
#include "tests/journal/local/journal_fixture.h"
#include "tests/support/position.h"

namespace foz::journal::local {
namespace {

using support::Loss;

/// Appends until one is refused; the texts that were taken.
std::vector<std::string> append_until_refused(Journal& journal, Error& refusal) {
    std::vector<std::string> texts;
    while (true) {
        const std::string text = fmt::format("record {}{}", texts.size(), std::string(200, '.'));
        const auto end = journal.append(batch_of(text));
        if (end) {
            texts.push_back(text);
            continue;
        }
        refusal = end.error();
        const auto stalled = journal.status().stalled;
        if (stalled) {
            refusal = *stalled;
            return texts;
        }
        std::this_thread::yield();  // only the queue was full
    }
}

TEST(DiskFault, a_full_disk_refuses_appends_until_there_is_room_and_loses_nothing) {
    support::FaultyFileSystem files;
    LocalJournalOptions options = small_options();
    files.set_capacity(5 * options.segment_bytes);
    RememberingListener listener;
    auto journal = open_or_fail(files, options);
    journal->add_listener(listener);

    Error refusal;
    auto texts = append_until_refused(*journal, refusal);
    EXPECT_EQ(refusal.code, ErrorCode::no_space);
    EXPECT_LT(journal->durable_end(), at(texts.size()));

    files.set_capacity(1 << 20);
    ASSERT_TRUE(listener.wait_for_room());
    texts.emplace_back("after the disk was full");
    ASSERT_TRUE(eventually([&] { return journal->append(batch_of(texts.back())).has_value(); }));
    ASSERT_TRUE(journal->wait_for(at(texts.size() - 1), deadline()));
    EXPECT_EQ(read_all(*journal), texts);
    EXPECT_FALSE(journal->status().stalled);
    journal.reset();
    EXPECT_EQ(read_all(*open_or_fail(files, options)), texts);
}

TEST(DiskFault, a_spare_segment_is_put_into_use_when_no_more_files_can_be_opened) {
    support::FaultyFileSystem files;
    const LocalJournalOptions options = small_options();
    ASSERT_TRUE(files.create_directories(options.directory));
    auto spare = SpareSegment::create(files, options.directory, options.segment_bytes);
    ASSERT_TRUE(spare) << spare.error().message;
    ASSERT_TRUE(spare->advance());
    ASSERT_TRUE(spare->ready());
    files.use_up_descriptors();
    ASSERT_FALSE(files.open_directory(options.directory));
    const auto activated = spare->activate(SegmentHeader());
    EXPECT_TRUE(activated) << activated.error().message;
}

TEST(DiskFault, a_spare_segment_that_is_too_small_makes_room_for_the_one_that_is_needed) {
    support::FaultyFileSystem files;
    const LocalJournalOptions options = small_options();
    const std::string large(2 * options.segment_bytes, 'x');
    // For a segment in use and a large one; not for a spare beside them.
    files.set_capacity(4 * options.segment_bytes);
    const auto journal = open_or_fail(files, options);
    append_durably(*journal, std::string(3 << 10, '.'));
    ASSERT_TRUE(eventually([&] {
        const auto spare = files.open(options.directory / "spare", OpenMode::read);
        return spare && (*spare)->size() == options.segment_bytes;
    }));
    append_durably(*journal, large);
    EXPECT_EQ(read_all(*journal).back(), large);
}

TEST(DiskFault, a_full_disk_does_not_keep_the_journal_from_closing) {
    support::FaultyFileSystem files;
    files.set_capacity(3 * small_options().segment_bytes);
    auto journal = open_or_fail(files);
    Error refusal;
    const auto texts = append_until_refused(*journal, refusal);
    const Position durable_end = journal->durable_end();
    journal.reset();
    files.set_capacity(1 << 20);
    const auto found = read_all(*open_or_fail(files));
    EXPECT_GE(at(found.size()), durable_end);
    EXPECT_EQ(found, std::vector(texts.begin(), texts.begin() + found.size()));
}

TEST(DiskFault, free_space_below_the_configured_minimum_counts_as_full) {
    support::FaultyFileSystem files;
    LocalJournalOptions options = small_options();
    files.set_capacity(1 << 20);
    options.free_space_min = (1 << 20) - 3 * options.segment_bytes;
    const auto journal = open_or_fail(files, options);
    Error refusal;
    (void)append_until_refused(*journal, refusal);
    EXPECT_NE(refusal.message.find("free_space_min"), std::string::npos) << refusal.message;
    EXPECT_LE(journal->status().disk_bytes, 3 * options.segment_bytes);
}

TEST(DiskFault, the_cap_refuses_appends_until_the_slowest_reader_moves) {
    support::FaultyFileSystem files;
    LocalJournalOptions options = small_options();
    options.size_max = 4 * options.segment_bytes;
    RememberingListener listener;
    const auto journal = open_or_fail(files, options);
    journal->add_listener(listener);
    journal->set_cursor("fast", at(0));
    journal->set_cursor("slow", at(0));

    Error refusal;
    const auto texts = append_until_refused(*journal, refusal);
    EXPECT_EQ(refusal.code, ErrorCode::no_space);
    EXPECT_NE(refusal.message.find("size_max"), std::string::npos) << refusal.message;
    EXPECT_LE(journal->status().disk_bytes, options.size_max);

    // Nothing is too old or too much here: what was passed is removed because the room is needed.
    const auto move_cursors = [&] {
        journal->set_cursor("fast", journal->durable_end());
        journal->set_cursor("slow", journal->durable_end());
    };
    // Earlier calls were about the queue, which was full before the disk was.
    const int room_calls = listener.room_calls();
    ASSERT_TRUE(eventually([&] {
        move_cursors();
        return listener.room_calls() > room_calls;
    }));
    EXPECT_GT(journal->status().first, at(0));
    EXPECT_LE(journal->status().disk_bytes, options.size_max);
    ASSERT_TRUE(eventually([&] {
        move_cursors();  // what was queued may have filled it again
        return journal->append(batch_of("x")).has_value();
    }));
}

TEST(DiskFault, without_any_reader_nothing_is_removed_at_the_cap) {
    support::FaultyFileSystem files;
    LocalJournalOptions options = small_options();
    options.size_max = 2 * options.segment_bytes;
    options.retain_bytes = 0;
    options.retain_age = std::chrono::seconds(0);
    const auto journal = open_or_fail(files, options);
    Error refusal;
    (void)append_until_refused(*journal, refusal);
    EXPECT_NE(refusal.message.find("no reader"), std::string::npos) << refusal.message;
    EXPECT_EQ(journal->status().first, at(0));
}

TEST(DiskFault, a_failed_sync_ends_the_journal_and_is_never_tried_again) {
    support::FaultyFileSystem files;
    RememberingListener listener;
    auto journal = open_or_fail(files);
    journal->add_listener(listener);
    append_durably(*journal, "safe");
    files.fail_next_sync(".segment");
    const std::uint64_t syncs = files.syncs(".segment");
    ASSERT_TRUE(journal->append(batch_of("not safe")));

    const auto failure = listener.wait_for_failure();
    ASSERT_TRUE(failure);
    EXPECT_NE(failure->message.find("restart foz"), std::string::npos) << failure->message;
    const auto refused = journal->append(batch_of("too late"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::io);
    EXPECT_EQ(journal->durable_end(), at(1));
    EXPECT_EQ(listener.durable_end(), at(1));
    EXPECT_EQ(read_all(*journal), std::vector<std::string>{"safe"});
    journal.reset();
    EXPECT_EQ(files.syncs(".segment"), syncs);

    files.restart(Loss::everything);
    EXPECT_EQ(read_all(*open_or_fail(files)), std::vector<std::string>{"safe"});
}

TEST(DiskFault, a_failed_sync_while_preparing_a_segment_costs_only_that_file) {
    support::FaultyFileSystem files;
    const auto journal = open_or_fail(files);
    files.fail_next_sync("spare");
    for (int i = 0; i < 200; ++i) {
        append_durably(*journal, "a record");
    }
    EXPECT_GT(journal->status().segments, 2U);
    EXPECT_EQ(read_all(*journal).size(), 200U);
}

TEST(DiskFault, a_failed_sync_of_a_segment_that_is_waited_for_only_delays_the_append) {
    support::FaultyFileSystem files;
    const auto journal = open_or_fail(files);
    files.fail_next_sync("spare");
    // Larger than a segment: no spare that is ready can hold it.
    const std::string large(2 * small_options().segment_bytes, 'x');
    append_durably(*journal, large);
    EXPECT_EQ(read_all(*journal), std::vector<std::string>{large});
}

}  // namespace
}  // namespace foz::journal::local
