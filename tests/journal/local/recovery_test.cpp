// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "journal/local/frame.h"
#include "journal/local/segment_header.h"
#include "tests/journal/local/journal_fixture.h"
#include "tests/support/position.h"

namespace foz::journal::local {
namespace {

using support::Loss;

const std::filesystem::path kSegment = small_options().directory / segment_name({});
const std::filesystem::path kCursors = small_options().directory / "cursors";

/// A closed journal of one segment whose records were appended and synced one by one.
class Recovery : public testing::Test {
  protected:
    void SetUp() override {
        const auto journal = open_or_fail(files_);
        for (int i = 0; i < 6; ++i) {
            texts_.push_back(fmt::format(
                    "record {}{}", i, std::string(static_cast<std::size_t>(i) * 5, '.')));
            append_durably(*journal, texts_.back());
            const std::uint64_t payload = kRecordHeaderBytes + texts_.back().size();
            frame_ends_.push_back((frame_ends_.empty() ? kSegmentHeaderBytes : frame_ends_.back()) +
                                  kFrameHeaderBytes + padded(payload));
        }
    }
    void TearDown() override { EXPECT_EQ(texts_.size(), 6U); }

    /// How many records lie wholly within the first `bytes` of the segment.
    [[nodiscard]] std::size_t whole_records(std::uint64_t bytes) const {
        return static_cast<std::size_t>(std::ranges::count_if(
                frame_ends_, [bytes](std::uint64_t end) { return end <= bytes; }));
    }
    [[nodiscard]] std::vector<std::string> first_texts(std::size_t count) const {
        return {texts_.begin(), texts_.begin() + static_cast<std::ptrdiff_t>(count)};
    }
    [[nodiscard]] std::uint64_t used() const { return frame_ends_.back(); }

    /// As if foz had died before it saved its cursors: they know of nothing.
    void forget_cursors() { (void)files_.remove(kCursors); }

    support::FaultyFileSystem files_;
    std::vector<std::string> texts_;
    std::vector<std::uint64_t> frame_ends_;
};

TEST_F(Recovery, of_a_log_cut_at_every_byte_gives_back_the_whole_records_before_the_cut) {
    const std::string whole = files_.content(kSegment);
    for (std::uint64_t size = kSegmentHeaderBytes; size <= used() + 8; ++size) {
        SCOPED_TRACE(size);
        forget_cursors();
        files_.set_content(kSegment, whole.substr(0, size));
        auto expected = first_texts(whole_records(size));
        {
            const auto journal = open_or_fail(files_);
            ASSERT_TRUE(journal);
            EXPECT_EQ(read_all(*journal), expected);
            expected.emplace_back("after the cut");
            append_durably(*journal, expected.back());
        }
        EXPECT_EQ(read_all(*open_or_fail(files_)), expected);
        for (const auto& name : segment_files(files_)) {
            ASSERT_TRUE(files_.remove(small_options().directory / name));
        }
    }
}

TEST_F(Recovery, of_a_log_whose_bytes_are_zero_from_any_place_on_gives_back_the_records_before_it) {
    const std::string whole = files_.content(kSegment);
    for (std::uint64_t size = kSegmentHeaderBytes; size < used(); ++size) {
        forget_cursors();
        const std::string spoiled = whole.substr(0, size) + std::string(whole.size() - size, '\0');
        files_.set_content(kSegment, spoiled);
        // Zeros over the zeros of a frame's padding change nothing.
        const auto spoiled_from = std::ranges::mismatch(whole, spoiled).in1 - whole.begin();
        const auto expected = first_texts(whole_records(static_cast<std::uint64_t>(spoiled_from)));
        EXPECT_EQ(read_all(*open_or_fail(files_)), expected) << size;
    }
}

TEST_F(Recovery, refuses_a_cut_log_when_the_cursor_file_knows_that_more_was_durable) {
    const std::string whole = files_.content(kSegment);
    for (std::uint64_t size = 0; size < used(); ++size) {
        files_.set_content(kSegment, whole.substr(0, size));
        const auto journal = open_local_journal(small_options(), files_, real_clock());
        ASSERT_FALSE(journal) << size;
        EXPECT_EQ(journal.error().code, ErrorCode::corrupt) << journal.error().message;
        EXPECT_NE(journal.error().message.find(kSegment.string()), std::string::npos);
    }
}

TEST_F(Recovery, detects_any_flipped_bit_of_a_journal_that_was_closed) {
    const std::string whole = files_.content(kSegment);
    for (std::uint64_t bit = 0; bit < used() * 8; ++bit) {
        files_.set_content(kSegment, whole);
        files_.flip_bit(kSegment, bit);
        const auto journal = open_local_journal(small_options(), files_, real_clock());
        ASSERT_FALSE(journal) << "bit " << bit;
        EXPECT_EQ(journal.error().code, ErrorCode::corrupt) << journal.error().message;
    }
}

TEST_F(Recovery, detects_any_flipped_bit_but_in_the_last_group_even_without_cursors) {
    const std::string whole = files_.content(kSegment);
    for (std::uint64_t bit = 0; bit < used() * 8; ++bit) {
        forget_cursors();
        files_.set_content(kSegment, whole);
        files_.flip_bit(kSegment, bit);
        auto journal = open_local_journal(small_options(), files_, real_clock());
        const bool in_last_group = bit / 8 >= frame_ends_[frame_ends_.size() - 2];
        if (in_last_group) {
            ASSERT_TRUE(journal) << journal.error().message;
            EXPECT_EQ(read_all(**journal), first_texts(texts_.size() - 1));
        } else {
            ASSERT_FALSE(journal) << "bit " << bit;
            EXPECT_EQ(journal.error().code, ErrorCode::corrupt);
            files_.set_content(kCursors, "");
        }
    }
}

TEST_F(Recovery, says_where_the_damage_is_and_what_to_do) {
    forget_cursors();
    files_.flip_bit(kSegment, (frame_ends_[1] + kFrameHeaderBytes) * 8);
    const auto journal = open_local_journal(small_options(), files_, real_clock());
    ASSERT_FALSE(journal);
    EXPECT_EQ(journal.error().message,
            fmt::format("{}, offset {}: the records from position 2 on are damaged or missing, but "
                        "the frame at offset {} says that those below 5 were on disk; restore the "
                        "journal folder from a backup, or move it away to start with an empty one",
                    kSegment.string(), frame_ends_[1], frame_ends_[4]));
}

TEST_F(Recovery, does_not_mind_bits_behind_the_end) {
    const std::string whole = files_.content(kSegment);
    for (std::uint64_t bit = used() * 8; bit < whole.size() * 8; bit += 101) {
        files_.set_content(kSegment, whole);
        files_.flip_bit(kSegment, bit);
        EXPECT_EQ(read_all(*open_or_fail(files_)), texts_);
        EXPECT_EQ(files_.content(kSegment), whole);
    }
}

TEST_F(Recovery, never_brings_back_a_frame_that_it_cut_off) {
    // The second frame never reached the disk; the third did, before either was synced.
    forget_cursors();
    std::string spoiled = files_.content(kSegment).substr(0, frame_ends_[2]);
    spoiled.resize(small_options().segment_bytes);
    auto* const frame = reinterpret_cast<std::byte*>(spoiled.data());
    const auto header = decode_segment_header(ByteView(frame, kSegmentHeaderBytes), "");
    ASSERT_TRUE(header);
    seal_frame(frame + frame_ends_[0], {}, header->frame_seed());
    seal_frame(frame + frame_ends_[1], {}, header->frame_seed());
    spoiled[frame_ends_[0] + 10] = '!';
    files_.set_content(kSegment, spoiled);
    {
        const auto journal = open_or_fail(files_);
        EXPECT_EQ(read_all(*journal), first_texts(1));
        // Of the same size as the lost record: the third frame would follow it seamlessly.
        append_durably(*journal, std::string(texts_[1].size(), 'x'));
    }
    files_.restart(Loss::everything);
    EXPECT_EQ(read_all(*open_or_fail(files_)),
            (std::vector{texts_[0], std::string(texts_[1].size(), 'x')}));
}

TEST_F(Recovery, yields_no_record_of_frames_in_the_wrong_order_however_often_an_onlooker_asks) {
    const std::string whole = files_.content(kSegment);
    const std::size_t first_bytes = frame_ends_[0] - kSegmentHeaderBytes;
    const std::size_t second_bytes = frame_ends_[1] - frame_ends_[0];
    files_.set_content(kSegment, whole.substr(0, kSegmentHeaderBytes) +
                                         whole.substr(frame_ends_[0], second_bytes) +
                                         whole.substr(kSegmentHeaderBytes, first_bytes));
    const auto onlooker = open_local_journal_read_only(small_options().directory, files_);
    ASSERT_TRUE(onlooker) << onlooker.error().message;
    const auto reader = (*onlooker)->read_from(at(0));
    ASSERT_TRUE(reader) << reader.error().message;
    for (int i = 0; i < 2; ++i) {
        const auto record = (*reader)->next();
        ASSERT_FALSE(record);
        EXPECT_EQ(record.error().code, ErrorCode::corrupt);
        EXPECT_NE(record.error().message.find(fmt::format("offset {}:", kSegmentHeaderBytes)),
                std::string::npos)
                << record.error().message;
    }
    EXPECT_FALSE((*onlooker)->position_at(SystemTime::max()));
}

TEST_F(Recovery, ends_before_a_frame_that_does_not_follow_the_one_before_it) {
    const std::string whole = files_.content(kSegment);
    const std::size_t third_bytes = frame_ends_[2] - frame_ends_[1];
    std::string spoiled =
            whole.substr(0, frame_ends_[0]) + whole.substr(frame_ends_[1], third_bytes);
    spoiled.resize(whole.size());
    forget_cursors();
    files_.set_content(kSegment, spoiled);
    // The third frame, whole, where the second should be: it knows that the second was on disk.
    const auto journal = open_local_journal(small_options(), files_, real_clock());
    ASSERT_FALSE(journal);
    EXPECT_EQ(journal.error().code, ErrorCode::corrupt);
    EXPECT_NE(journal.error().message.find("from position 1 on"), std::string::npos)
            << journal.error().message;

    // It knows of nothing: a torn tail.
    auto* const bytes = reinterpret_cast<std::byte*>(spoiled.data());
    const auto header = decode_segment_header(ByteView(bytes, kSegmentHeaderBytes), "");
    ASSERT_TRUE(header);
    seal_frame(bytes + frame_ends_[0], {}, header->frame_seed());
    files_.set_content(kSegment, spoiled);
    EXPECT_EQ(read_all(*open_or_fail(files_)), first_texts(1));
}

TEST_F(Recovery, writes_again_what_a_failed_sync_may_have_left_in_the_page_cache_only) {
    {
        const auto journal = open_or_fail(files_);
        files_.fail_next_sync(".segment");
        ASSERT_TRUE(journal->append(batch_of("in the page cache")));
        EXPECT_TRUE(eventually([&] { return journal->status().stalled.has_value(); }));
    }
    files_.restart(Loss::nothing);
    texts_.emplace_back("in the page cache");
    const auto journal = open_or_fail(files_);
    EXPECT_EQ(read_all(*journal), texts_);
    files_.restart(Loss::everything);
    EXPECT_EQ(read_all(*open_or_fail(files_)), texts_);
    texts_.pop_back();
}

class RecoveryOfSegments : public testing::Test {
  protected:
    void SetUp() override {
        const auto journal = open_or_fail(files_);
        for (int i = 0; i < 300; ++i) {
            append_durably(*journal, fmt::format("record {}", i));
        }
        journal->set_cursor("reader", at(0));
    }

    [[nodiscard]] Error failure() {
        auto journal = open_local_journal(small_options(), files_, real_clock());
        EXPECT_FALSE(journal);
        return journal ? Error{} : journal.error();
    }

    support::FaultyFileSystem files_;
};

TEST_F(RecoveryOfSegments, refuses_a_journal_with_any_segment_missing) {
    const auto names = segment_files(files_);
    ASSERT_GT(names.size(), 3U);
    for (const auto& name : names) {
        const auto path = small_options().directory / name;
        const std::string content = files_.content(path);
        ASSERT_TRUE(files_.remove(path));
        const Error error = failure();
        EXPECT_EQ(error.code, ErrorCode::corrupt) << name << ": " << error.message;
        files_.set_content(path, content);
    }
    EXPECT_EQ(read_all(*open_or_fail(files_)).size(), 300U);
}

TEST_F(RecoveryOfSegments, refuses_a_journal_whose_segments_are_all_missing) {
    for (const auto& name : segment_files(files_)) {
        ASSERT_TRUE(files_.remove(small_options().directory / name));
    }
    EXPECT_EQ(failure().code, ErrorCode::corrupt);
}

TEST_F(RecoveryOfSegments, finds_a_flipped_bit_in_an_older_segment_when_it_is_read) {
    const auto second = small_options().directory / segment_files(files_)[1];
    files_.flip_bit(second, 1000 * 8);
    const auto journal = open_or_fail(files_);
    auto reader = journal->read_from(at(0));
    ASSERT_TRUE(reader);
    auto record = (*reader)->next();
    while (record && *record) {
        record = (*reader)->next();
    }
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().code, ErrorCode::corrupt);
    EXPECT_NE(record.error().message.find(second.string()), std::string::npos);
    const Position where = (*reader)->position();
    EXPECT_FALSE((*reader)->next());  // it stays where it is
    EXPECT_EQ((*reader)->position(), where);
}

TEST_F(RecoveryOfSegments, refuses_a_segment_of_another_journal) {
    support::FaultyFileSystem others;
    {
        const auto other = open_or_fail(others);
        for (int i = 0; i < 300; ++i) {
            append_durably(*other, fmt::format("record {}", i));
        }
    }
    const auto path = small_options().directory / segment_files(files_)[1];
    ASSERT_EQ(segment_files(files_), segment_files(others));
    files_.set_content(path, others.content(path));
    EXPECT_EQ(failure().code, ErrorCode::corrupt);
}

TEST_F(RecoveryOfSegments, removes_a_spare_that_a_crash_left_behind) {
    files_.set_content(small_options().directory / "spare", "half-filled");
    EXPECT_EQ(read_all(*open_or_fail(files_)).size(), 300U);
}

}  // namespace
}  // namespace foz::journal::local
