// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <gtest/gtest.h>

#include "base/log.h"

namespace foz {
namespace {

TEST(Printable, leaves_ordinary_text_of_any_language_as_it_is) {
    EXPECT_EQ(printable("haus/küche/温度 21.5 °C 🌡"), "haus/küche/温度 21.5 °C 🌡");
}

TEST(Printable, shows_control_characters_and_bytes_that_are_no_text_as_hexadecimal) {
    EXPECT_EQ(printable("a\nb\r\x1b[2J\x7f"), "a\\x0ab\\x0d\\x1b[2J\\x7f");
    EXPECT_EQ(printable("\xff\xc3(\xed\xa0\x80\xc0\xaf"), "\\xff\\xc3(\\xed\\xa0\\x80\\xc0\\xaf");
    EXPECT_EQ(printable("cut \xe6\xb8"), "cut \\xe6\\xb8");
    EXPECT_EQ(printable("a\tb\nc", kShownBytesMax, "\t\n"), "a\tb\nc");
}

TEST(Printable, shows_characters_that_steer_or_mislead_by_their_number) {
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m"),
            "\\u{9b}31m")
            << "C1: the one-byte ESC [";
    EXPECT_EQ(printable("a\xe2\x80\xa8"
                        "b\xe2\x80\xae"
                        "c"),
            "a\\u{2028}b\\u{202e}c");
    EXPECT_EQ(printable("\xef\xbf\xbe\xef\xbb\xbf"), "\\u{fffe}\\u{feff}");
}

TEST(Printable, cuts_what_is_long_between_characters_and_says_how_long_it_was) {
    EXPECT_EQ(printable("aäb", 2), "a... (4 bytes)");
    EXPECT_EQ(printable("aäb", 4), "aäb");
    EXPECT_LT(printable(std::string(60'000, 'x')).size(), 300U);
    EXPECT_EQ(printable_whole(std::string(60'000, 'x')).size(), 60'000U);
}

TEST(LogText, is_one_line_without_escape_codes_and_passwords) {
    EXPECT_EQ(log_text("client \"a\n2026 error forged\x1b[0m\": postgresql://foz:secret@db/x"),
            "client \"a\\x0a2026 error forged\\x1b[0m\": postgresql://foz:***@db/x");
}

}  // namespace
}  // namespace foz
