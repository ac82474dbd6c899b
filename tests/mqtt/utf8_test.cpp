// SPDX-License-Identifier: Apache-2.0
#include "mqtt/utf8.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/mqtt/wire.h"

namespace foz::mqtt {
namespace {

TEST(Text, is_well_formed_utf_8) {
    for (const std::string_view bytes : {"", "'a'", "7F", "01", "1F", "C280", "DFBF", "E0A080",
             "ED9FBF", "EE8080", "EFBFBF", "EFBBBF 'after a byte order mark'", "F0908080",
             "F48FBFBF", "'12345678' C3A9 '12345678'",
             "EFB790" /* a non-character: a receiver may refuse it, but need not */}) {
        EXPECT_TRUE(is_valid_text(wire(bytes))) << bytes;
    }
}

TEST(Text, that_is_not_utf_8_is_refused) {
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"a continuation alone", "80"},
        {"a continuation after ASCII", "'abcdefg' BF"},
        {"overlong /", "C0AF"},
        {"overlong U+0000", "C080"},
        {"overlong in C1", "C1BF"},
        {"overlong of three bytes", "E09FBF"},
        {"overlong of four bytes", "F08FBFBF"},
        {"the first surrogate", "EDA080"},
        {"the last surrogate", "EDBFBF"},
        {"a pair of surrogates (CESU-8)", "EDA0BDEDB880"},
        {"over U+10FFFF", "F4908080"},
        {"a first byte F5", "F5808080"},
        {"a first byte FF", "FF"},
        {"cut short, two", "C3"},
        {"cut short, three", "E282"},
        {"cut short, four", "F09F8C"},
        {"a second byte that is none", "C341"},
        {"a third byte that is none", "E28241"},
        {"a fourth byte that is none", "F09F8C41"},
        {"Latin-1", "'S' E3 'o Paulo'"},
    };
    for (const auto& [what, bytes] : rows) {
        EXPECT_FALSE(is_valid_text(wire(bytes))) << what;
        EXPECT_FALSE(is_valid_text("12345678" + wire(bytes))) << what << ", later on";
    }
}

TEST(Text, with_a_nul_at_any_place_is_refused) {
    for (std::size_t size = 1; size < 40; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            std::string text(size, '\x01');
            EXPECT_TRUE(is_valid_text(text));
            text[at] = '\0';
            EXPECT_FALSE(is_valid_text(text)) << size << ' ' << at;
            text.replace(at, 1, "\xC3\xA9\0", 3);
            EXPECT_FALSE(is_valid_text(text)) << size << ' ' << at;
        }
    }
}

}  // namespace
}  // namespace foz::mqtt
