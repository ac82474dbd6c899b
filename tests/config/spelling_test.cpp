// SPDX-License-Identifier: Apache-2.0
#include "config/spelling.h"

#include <gtest/gtest.h>

namespace foz::config {
namespace {

constexpr std::string_view kKnown[] = {"topic", "table", "database", "key"};

TEST(EditDistance, counts_inserted_removed_replaced_and_swapped_letters) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("table", "table"), 0U);
    EXPECT_EQ(edit_distance("", "key"), 3U);
    EXPECT_EQ(edit_distance("tables", "table"), 1U);
    EXPECT_EQ(edit_distance("tabel", "table"), 1U);
    EXPECT_EQ(edit_distance("databse", "database"), 1U);
    EXPECT_EQ(edit_distance("abc", "xyz"), 3U);
}

TEST(Hint, names_the_word_that_was_probably_meant) {
    EXPECT_EQ(hint_for("databse", kKnown), "did you mean \"database\"?");
    EXPECT_EQ(hint_for("tabel", kKnown), "did you mean \"table\"?");
    EXPECT_EQ(hint_for("keys", kKnown), "did you mean \"key\"?");
}

TEST(Hint, lists_what_is_known_when_nothing_is_near) {
    EXPECT_EQ(
            hint_for("colour", kKnown), "known are \"topic\", \"table\", \"database\" and \"key\"");
    EXPECT_EQ(nearest(std::string(10'000, 'x'), kKnown), std::nullopt);
}

}  // namespace
}  // namespace foz::config
