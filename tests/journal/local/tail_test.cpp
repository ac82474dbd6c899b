// SPDX-License-Identifier: Apache-2.0
// Who keeps up reads from memory, who does not from files, and both get the same.
#include "journal/local/tail.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/file_system.h"
#include "journal/local/frame.h"
#include "tests/journal/local/journal_fixture.h"
#include "tests/support/position.h"
#include "tests/support/temporary_directory.h"

namespace foz::journal::local {
namespace {

/// One frame with one record.
std::shared_ptr<const CommittedRun> run_at(Position first) {
    FrameHeader header;
    header.payload_bytes = 8;
    header.count = 1;
    header.first = first;
    std::vector<std::byte> frame(header.frame_bytes());
    encode_frame_header(header, frame.data());
    return CommittedRun::of(frame, nullptr, 0);
}

TEST(Tail, finds_what_is_kept_and_keeps_the_newest) {
    const std::uint64_t bytes = run_at(at(0))->bytes;
    Tail tail(2 * bytes);
    EXPECT_EQ(tail.find(at(0)), nullptr);
    for (int number = 0; number < 3; ++number) {
        tail.add(run_at(at(number)));
    }
    EXPECT_EQ(tail.find(at(0)), nullptr);
    ASSERT_NE(tail.find(at(1)), nullptr);
    EXPECT_EQ(tail.find(at(1))->first, at(1));
    EXPECT_EQ(tail.find(at(2))->first, at(2));
    EXPECT_EQ(tail.find(at(3)), nullptr);
}

TEST(Tail, wants_what_a_reader_is_about_to_reach) {
    const std::uint64_t bytes = run_at(at(0))->bytes;
    Tail tail(2 * bytes);
    EXPECT_TRUE(tail.wants(at(0), bytes));
    EXPECT_FALSE(tail.wants(at(0), 2 * bytes + 1));
    tail.add(run_at(at(0)));
    tail.add(run_at(at(1)));
    EXPECT_TRUE(tail.wants(at(2), bytes));
    tail.add(run_at(at(2)));  // the one at 0, where the reader is, makes room
    EXPECT_FALSE(tail.wants(at(3), bytes));
    EXPECT_EQ(tail.find(at(2)), nullptr);
    tail.reached(at(3));
    EXPECT_FALSE(tail.wants(at(4), bytes));
    tail.reached(at(5));
    tail.reached(at(2));  // another reader, behind
    EXPECT_TRUE(tail.wants(at(5), bytes));
}

TEST(Tail, has_gaps_where_a_run_was_too_large) {
    Tail tail(1'000);
    tail.add(run_at(at(0)));
    tail.add(run_at(at(7)));
    EXPECT_EQ(tail.find(at(3)), nullptr);
    EXPECT_EQ(tail.find(at(7))->first, at(7));
}

class TailOfAJournal : public testing::Test {
  protected:
    void open(std::uint64_t tail_bytes) {
        LocalJournalOptions options = small_options();
        options.directory = folder_ / "journal";
        options.tail_bytes = tail_bytes;
        journal_ = open_local_journal(options, real_file_system(), real_clock()).value();
    }
    /// Each in a commit of its own.
    void append(int from, int to) {
        for (int i = from; i < to; ++i) {
            ASSERT_TRUE(journal_->append(batch_of(text(i))));
            ASSERT_TRUE(journal_->wait_for(
                    journal_->status().end.previous().value_or(at(0)), deadline()));
        }
    }
    static std::string text(int i) { return fmt::format("{:100}", i); }
    static void expect(Reader& reader, int from, int to) {
        for (int i = from; i < to; ++i) {
            const Record record = reader.next().value().value_or(Record{});
            ASSERT_EQ(as_text(record.bytes), text(i));
            EXPECT_EQ(record.position, at(i));
        }
        EXPECT_FALSE(reader.next().value());
    }
    /// What is read from here on is not in a file.
    void destroy_files() {
        for (const auto& entry : std::filesystem::directory_iterator(folder_ / "journal")) {
            if (entry.path().extension() == ".segment") {
                std::filesystem::resize_file(entry.path(), 0);
            }
        }
    }

    support::TemporaryDirectory folder_;
    std::unique_ptr<Journal> journal_;
};

TEST_F(TailOfAJournal, is_read_without_a_file) {
    open(1 << 20);
    auto reader = journal_->read_from(at(0)).value();
    append(0, 100);
    destroy_files();
    expect(*reader, 0, 100);
}

TEST_F(TailOfAJournal, is_left_and_reached_again) {
    constexpr int kSome = 20;  // they do not fit into the tail together
    open(1 << 10);
    auto reader = journal_->read_from(at(0)).value();
    int end = 0;
    for (const int more : {1, kSome, 1, 2, kSome, kSome, 1}) {
        append(end, end + more);
        expect(*reader, end, end + more);
        end += more;
    }
    expect(*journal_->read_from(at(0)).value(), 0, end);
}

TEST_F(TailOfAJournal, outlives_its_journal_s_older_runs_while_it_is_read) {
    open(1 << 10);
    auto reader = journal_->read_from(at(0)).value();
    append(0, 2);
    const Record record = reader->next().value().value_or(Record{});
    append(2, 50);  // the run of the record has left
    EXPECT_EQ(as_text(record.bytes), text(0));
    expect(*reader, 1, 50);
}

}  // namespace
}  // namespace foz::journal::local
