// SPDX-License-Identifier: Apache-2.0
#include "journal/local/segment_header.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "tests/support/position.h"

namespace foz::journal::local {
namespace {

SegmentHeader header() {
    return {JournalId::random(), at(4711), at(815), SystemTime(Microseconds(123'456'789))};
}

TEST(SegmentHeader, decodes_what_was_encoded) {
    const SegmentHeader written = header();
    const auto read = decode_segment_header(encode_segment_header(written), "file");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->journal, written.journal);
    EXPECT_EQ(read->first, at(4711));
    EXPECT_EQ(read->previous_first, at(815));
    EXPECT_EQ(read->first_appended, written.first_appended);
}

TEST(SegmentHeader, is_corrupt_with_any_bit_flipped) {
    const SegmentHeaderBytes written = encode_segment_header(header());
    for (std::size_t bit = 0; bit < kSegmentHeaderBytes * 8; ++bit) {
        SegmentHeaderBytes bytes = written;
        bytes[bit / 8] ^= std::byte(1U << (bit % 8));
        const auto read = decode_segment_header(bytes, "file");
        ASSERT_FALSE(read) << "bit " << bit;
        EXPECT_EQ(read.error().code, ErrorCode::corrupt);
    }
}

TEST(SegmentHeader, of_another_version_is_refused_by_that_name) {
    SegmentHeaderBytes bytes = encode_segment_header(header());
    store_little(bytes.data() + 8, std::uint32_t{2});
    store_little(bytes.data() + 60, crc32c(ByteView(bytes).first(60)));
    const auto read = decode_segment_header(bytes, "/data/journal/00.segment");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::unsupported);
    EXPECT_NE(read.error().message.find("version 2"), std::string::npos) << read.error().message;
    EXPECT_NE(read.error().message.find("/data/journal/00.segment"), std::string::npos);
}

TEST(SegmentHeader, gives_frames_another_seed_for_each_segment_and_journal) {
    SegmentHeader one = header();
    SegmentHeader later = one;
    later.first = later.first.next();
    SegmentHeader other = one;
    other.journal = JournalId::random();
    EXPECT_NE(one.frame_seed(), later.frame_seed());
    EXPECT_NE(one.frame_seed(), other.frame_seed());
}

TEST(SegmentName, sorts_as_positions_do_and_is_read_back) {
    EXPECT_EQ(segment_name(at(42)), "00000000000000000042.segment");
    EXPECT_LT(segment_name(at(9)), segment_name(at(10)));
    EXPECT_EQ(segment_name_position(segment_name(at(UINT64_MAX))), at(UINT64_MAX));
    EXPECT_FALSE(segment_name_position("spare"));
    EXPECT_FALSE(segment_name_position("0000000000000000004x.segment"));
    EXPECT_FALSE(segment_name_position("42.segment"));
    EXPECT_FALSE(segment_name_position("99999999999999999999.segment"));
}

TEST(JournalId, is_a_random_uuid) {
    const std::string text = JournalId::random().text();
    ASSERT_EQ(text.size(), 36U);
    EXPECT_EQ(text[14], '4');
    EXPECT_NE(text, JournalId::random().text());
}

}  // namespace
}  // namespace foz::journal::local
