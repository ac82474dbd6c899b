// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "tests/journal/local/journal_fixture.h"
#include "tests/support/position.h"

namespace foz::journal::local {
namespace {

std::unique_ptr<Journal> open_read_only(FileSystem& files) {
    auto journal = open_local_journal_read_only(small_options().directory, files);
    EXPECT_TRUE(journal) << journal.error().message;
    return journal ? *std::move(journal) : nullptr;
}

TEST(ReadOnlyJournal, shows_what_another_process_has_written_so_far) {
    support::FaultyFileSystem files;
    const auto journal = open_or_fail(files);
    for (int i = 0; i < 100; ++i) {
        append_durably(*journal, fmt::format("record {}", i));
        const auto onlooker = open_read_only(files);
        EXPECT_EQ(onlooker->status().end, at(i + 1));
        EXPECT_EQ(onlooker->status().id, journal->status().id);
    }
    EXPECT_EQ(read_all(*open_read_only(files)), read_all(*journal));
}

TEST(ReadOnlyJournal, opens_again_and_again_while_another_process_appends_and_removes) {
    support::FaultyFileSystem files;
    LocalJournalOptions options = small_options();
    options.size_max = 3 * options.segment_bytes;
    const auto journal = open_or_fail(files, options);
    journal->set_cursor("reader", at(0));
    std::thread writer([&] {
        for (int i = 0; i < 2000; ++i) {
            const auto text = fmt::format("record {}", i);
            EXPECT_TRUE(eventually([&] { return journal->append(batch_of(text)).has_value(); }));
            EXPECT_TRUE(journal->wait_for(at(i), deadline()));
            journal->set_cursor("reader", at(i));
        }
    });
    Position end;
    while (end < at(2000)) {
        const auto onlooker = open_read_only(files);
        const Status status = onlooker->status();
        EXPECT_GE(status.end, end);
        end = status.end;
        const auto texts = read_all(*onlooker, status.first);
        for (std::size_t i = 0; i < texts.size(); ++i) {
            // A file may be removed while it is read: then the reader says so.
            if (texts[i] != fmt::format("record {}", status.first.advanced_by(i))) {
                EXPECT_NE(texts[i].find("removed"), std::string::npos) << texts[i];
            }
        }
    }
    writer.join();
}

TEST(ReadOnlyJournal, changes_nothing) {
    support::FaultyFileSystem files;
    {
        const auto journal = open_or_fail(files);
        append_durably(*journal, "x");
    }
    const auto names = *files.list(small_options().directory);
    files.stop_after(0);  // the first change would stop the machine
    EXPECT_EQ(read_all(*open_read_only(files)), std::vector<std::string>{"x"});
    EXPECT_FALSE(files.stopped());
    EXPECT_EQ(*files.list(small_options().directory), names);
}

TEST(ReadOnlyJournal, reads_up_to_a_damaged_place_and_names_it) {
    support::FaultyFileSystem files;
    {
        const auto journal = open_or_fail(files);
        append_durably(*journal, "whole");
        append_durably(*journal, "damaged");
    }
    const auto path = small_options().directory / segment_files(files).front();
    files.flip_bit(path, (64 + 56 + 20) * 8);
    const auto texts = read_all(*open_read_only(files));
    ASSERT_EQ(texts.size(), 2U);
    EXPECT_EQ(texts[0], "whole");
    EXPECT_NE(texts[1].find(path.string()), std::string::npos) << texts[1];
}

TEST(ReadOnlyJournal, is_not_found_where_there_is_none) {
    support::FaultyFileSystem files;
    const auto journal = open_local_journal_read_only("/nowhere", files);
    ASSERT_FALSE(journal);
    EXPECT_EQ(journal.error().code, ErrorCode::not_found);
    EXPECT_NE(journal.error().message.find("/nowhere"), std::string::npos);
}

TEST(SegmentSummary, lists_segments_oldest_first_and_without_gaps) {
    support::FaultyFileSystem files;
    const auto journal = open_or_fail(files);
    for (int i = 0; i < 150; ++i) {
        append_durably(*journal, "a record");
    }
    const auto segments = list_segments(small_options().directory, files);
    ASSERT_TRUE(segments);
    ASSERT_EQ(segments->size(), journal->status().segments);
    Position next;
    for (const auto& segment : *segments) {
        EXPECT_EQ(segment.first, next);
        EXPECT_EQ(segment.file_bytes, small_options().segment_bytes);
        next = segment.end;
    }
    EXPECT_EQ(next, at(150));
}

}  // namespace
}  // namespace foz::journal::local
