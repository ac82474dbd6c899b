// SPDX-License-Identifier: Apache-2.0
#include "journal/local/cursor_table.h"

#include <gtest/gtest.h>

#include "tests/support/faulty_file_system.h"
#include "tests/support/position.h"

namespace foz::journal::local {
namespace {

constexpr std::string_view kTableFolder = "/journal";

class CursorTableOnDisk : public testing::Test {
  protected:
    [[nodiscard]] Result<void> save() { return table_.save(files_, kTableFolder, {}, at(100)); }

    support::FaultyFileSystem files_;
    CursorTable table_{
        {.journal = JournalId::random(), .durable_end = {}, .cursors = {{"lane", at(5)}}}};
};

TEST_F(CursorTableOnDisk, has_passed_what_its_readers_have_passed_only_once_that_is_on_disk) {
    table_.set("lane", at(10));
    EXPECT_EQ(table_.passed(), at(5));
    ASSERT_TRUE(save());
    EXPECT_EQ(table_.passed(), at(10));
}

TEST_F(CursorTableOnDisk, has_passed_nothing_more_when_the_file_cannot_be_written) {
    table_.set("lane", at(10));
    files_.fail_next_sync("cursors");
    ASSERT_FALSE(save());
    EXPECT_EQ(table_.passed(), at(5));
}

TEST_F(CursorTableOnDisk, keeps_what_a_new_reader_needs_before_that_is_on_disk) {
    table_.set("slow", at(3));
    EXPECT_EQ(table_.passed(), at(3));
}

TEST_F(CursorTableOnDisk, keeps_what_a_removed_reader_needed_until_that_is_on_disk) {
    table_.set("fast", at(50));
    ASSERT_TRUE(save());
    table_.remove("lane");
    EXPECT_EQ(table_.passed(), at(5));
    ASSERT_TRUE(save());
    EXPECT_EQ(table_.passed(), at(50));
}

}  // namespace
}  // namespace foz::journal::local
