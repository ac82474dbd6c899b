// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <gtest/gtest.h>

namespace foz {
namespace {

std::string bytes_from(int first, int step) {
    std::string bytes;
    for (int i = 0; i < 32; ++i) {
        bytes += static_cast<char>(first + i * step);
    }
    return bytes;
}

// RFC 3720, appendix B.4.
TEST(Crc32c, has_the_values_of_the_standard) {
    EXPECT_EQ(crc32c(as_bytes(bytes_from(0, 0))), 0x8a9136aaU);
    EXPECT_EQ(crc32c(as_bytes(bytes_from(0xff, 0))), 0x62a8ab43U);
    EXPECT_EQ(crc32c(as_bytes(bytes_from(0, 1))), 0x46dd794eU);
    EXPECT_EQ(crc32c(as_bytes(bytes_from(31, -1))), 0x113fdb5cU);
    EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
    EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, goes_on_from_the_checksum_of_what_came_before) {
    const std::string text = "When foz acknowledges a reading, the reading is on disk.";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        const std::uint32_t first = crc32c(as_bytes(std::string_view(text).substr(0, cut)));
        EXPECT_EQ(crc32c(as_bytes(std::string_view(text).substr(cut)), first),
                crc32c(as_bytes(text)));
    }
}

TEST(Crc32c, changes_with_every_bit) {
    std::string text = bytes_from(7, 5);
    const std::uint32_t right = crc32c(as_bytes(text));
    for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
        const auto mask = static_cast<char>(1U << (bit % 8));
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ mask);
        EXPECT_NE(crc32c(as_bytes(text)), right) << "bit " << bit;
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ mask);
    }
}

}  // namespace
}  // namespace foz
