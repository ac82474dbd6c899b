// SPDX-License-Identifier: Apache-2.0
#include "journal/local/cursor_file.h"

#include <gtest/gtest.h>

#include "tests/support/faulty_file_system.h"
#include "tests/support/position.h"

namespace foz::journal::local {
namespace {

const std::filesystem::path kFolder = "/journal";

CursorFile two_cursors() {
    return {JournalId::random(), at(1000), {{"warehouse", at(7)}, {"", at(1000)}}};
}

TEST(CursorFile, is_read_as_it_was_written) {
    support::FaultyFileSystem files;
    const CursorFile written = two_cursors();
    ASSERT_TRUE(written.write(files, kFolder));
    const auto read = CursorFile::read(files, kFolder);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->journal, written.journal);
    EXPECT_EQ(read->durable_end, at(1000));
    ASSERT_EQ(read->cursors.size(), 2U);
    EXPECT_EQ(read->cursors[0].name, "warehouse");
    EXPECT_EQ(read->cursors[0].position, at(7));
    EXPECT_EQ(read->cursors[1].name, "");
}

TEST(CursorFile, is_corrupt_with_any_bit_flipped_and_at_any_shorter_length) {
    support::FaultyFileSystem files;
    ASSERT_TRUE(two_cursors().write(files, kFolder));
    const auto path = kFolder / "cursors";
    const std::string whole = files.content(path);
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        files.set_content(path, whole);
        files.flip_bit(path, bit);
        const auto read = CursorFile::read(files, kFolder);
        ASSERT_FALSE(read) << "bit " << bit;
        EXPECT_EQ(read.error().code, ErrorCode::corrupt);
    }
    for (std::size_t size = 0; size < whole.size(); ++size) {
        files.set_content(path, whole.substr(0, size));
        EXPECT_FALSE(CursorFile::read(files, kFolder)) << "size " << size;
    }
}

TEST(CursorFile, keeps_its_old_content_when_the_disk_is_full) {
    support::FaultyFileSystem files;
    CursorFile file = two_cursors();
    ASSERT_TRUE(file.write(files, kFolder));
    files.set_capacity(0);
    file.durable_end = at(2000);
    const auto written = file.write(files, kFolder);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::no_space);
    EXPECT_EQ(CursorFile::read(files, kFolder)->durable_end, at(1000));
}

}  // namespace
}  // namespace foz::journal::local
