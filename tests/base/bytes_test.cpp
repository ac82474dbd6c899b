// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gtest/gtest.h>

namespace foz {
namespace {

TEST(Bytes, of_integers_stand_in_the_named_order) {
    std::string bytes;
    append_little<std::uint32_t>(bytes, 0x01020304);
    append_big<std::uint16_t>(bytes, 0x0506);
    append_little<std::uint8_t>(bytes, 7);
    EXPECT_EQ(bytes, "\x04\x03\x02\x01\x05\x06\x07");
    EXPECT_EQ(load_little<std::uint32_t>(bytes.data()), 0x01020304U);
    EXPECT_EQ(load_big<std::uint16_t>(bytes.data() + 4), 0x0506U);
}

TEST(Bytes, hold_the_extremes_of_every_width) {
    std::string bytes;
    append_big<std::int64_t>(bytes, INT64_MIN);
    append_little<std::int64_t>(bytes, -1);
    EXPECT_EQ(load_big<std::int64_t>(bytes.data()), INT64_MIN);
    EXPECT_EQ(load_little<std::int64_t>(bytes.data() + 8), -1);
}

}  // namespace
}  // namespace foz
