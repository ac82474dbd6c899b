// SPDX-License-Identifier: Apache-2.0
#include "journal/local/frame.h"

#include <array>

#include <gtest/gtest.h>

#include "tests/support/position.h"

namespace foz::journal::local {
namespace {

constexpr std::uint32_t kSeed = 77;
using HeaderBytes = std::array<std::byte, kFrameHeaderBytes>;

HeaderBytes sealed_header(Position first = at(1'000'000'000'000)) {
    FrameHeader header;
    header.payload_bytes = 13;
    header.count = 2;
    header.payload_crc = 0x01020304;
    header.first = first;
    header.appended = SystemTime(Microseconds(1'700'000'000'123'456));
    HeaderBytes bytes{};
    encode_frame_header(header, bytes.data());
    seal_frame(bytes.data(), at(999'999'999'990), kSeed);
    return bytes;
}

TEST(Frame, decodes_what_was_encoded) {
    const HeaderBytes bytes = sealed_header();
    const auto header = decode_frame_header(bytes.data(), kSeed);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->payload_bytes, 13U);
    EXPECT_EQ(header->count, 2U);
    EXPECT_EQ(header->payload_crc, 0x01020304U);
    EXPECT_EQ(header->end(), at(1'000'000'000'002));
    EXPECT_EQ(header->appended.time_since_epoch().count(), 1'700'000'000'123'456);
    EXPECT_EQ(header->durable_end, at(999'999'999'990));
    EXPECT_EQ(header->frame_bytes(), 48U + 16U);
}

TEST(Frame, is_not_valid_in_another_segment) {
    const HeaderBytes bytes = sealed_header();
    EXPECT_FALSE(decode_frame_header(bytes.data(), kSeed + 1));
}

TEST(Frame, is_not_valid_when_its_positions_turn_over) {
    EXPECT_TRUE(decode_frame_header(sealed_header(at(UINT64_MAX - 2)).data(), kSeed));
    EXPECT_FALSE(decode_frame_header(sealed_header(at(UINT64_MAX - 1)).data(), kSeed));
}

TEST(Frame, is_not_valid_with_any_bit_of_its_header_flipped) {
    for (std::size_t bit = 0; bit < kFrameHeaderBytes * 8; ++bit) {
        HeaderBytes bytes = sealed_header();
        bytes[bit / 8] ^= std::byte(1U << (bit % 8));
        EXPECT_FALSE(decode_frame_header(bytes.data(), kSeed)) << "bit " << bit;
    }
}

TEST(Frame, checksum_of_its_payload_covers_the_padding) {
    EXPECT_EQ(payload_checksum(as_bytes("thirteen byte")),
            payload_checksum(as_bytes(std::string_view("thirteen byte\0\0\0", 16))));
    EXPECT_NE(payload_checksum(as_bytes("thirteen byte")),
            payload_checksum(as_bytes(std::string_view("thirteen byte\0\1\0", 16))));
}

TEST(RecordBatch, keeps_records_one_after_another) {
    RecordBatch batch;
    batch.add(3, as_bytes("ab"));
    batch.begin_record(7).append("c");
    batch.end_record();
    EXPECT_EQ(batch.count(), 2U);
    EXPECT_EQ(as_text(batch.stored()), std::string_view("\2\0\0\0\3ab\1\0\0\0\7c", 13));
    batch.clear();
    EXPECT_TRUE(batch.empty());
    EXPECT_TRUE(batch.stored().empty());
}

}  // namespace
}  // namespace foz::journal::local
