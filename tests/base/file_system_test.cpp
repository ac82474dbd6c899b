// SPDX-License-Identifier: Apache-2.0
// The machine's file system, behind the seam.
#include "base/file_system.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/temporary_directory.h"

namespace foz {
namespace {

using support::TemporaryDirectory;

class FileSystemTest : public testing::Test {
  protected:
    TemporaryDirectory directory_{"file_system"};
    FileSystem& files_ = real_file_system();
};

TEST_F(FileSystemTest, reads_back_what_was_written_and_less_at_the_end_of_the_file) {
    auto file = files_.open(directory_ / "a", OpenMode::create);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE((*file)->write_at(3, as_bytes("reading")));
    ASSERT_TRUE((*file)->sync_data());
    EXPECT_EQ((*file)->size().value(), 10U);
    std::string content(64, 'x');
    const auto count = (*file)->read_at(3, std::as_writable_bytes(std::span(content)));
    ASSERT_TRUE(count);
    EXPECT_EQ(content.substr(0, *count), "reading");
    ASSERT_TRUE((*file)->truncate(5));
    EXPECT_EQ((*file)->size().value(), 5U);
}

TEST_F(FileSystemTest, allocates_room_behind_the_content_and_shortens_nothing) {
    auto file = files_.open(directory_ / "a", OpenMode::create);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE((*file)->write_at(0, as_bytes("reading")));
    ASSERT_TRUE((*file)->allocate(10));
    EXPECT_EQ((*file)->size().value(), 10U);
    std::string content(10, 'x');
    ASSERT_TRUE((*file)->read_at(0, std::as_writable_bytes(std::span(content))));
    EXPECT_EQ(content, std::string("reading\0\0\0", 10));
    ASSERT_TRUE((*file)->allocate(5));
    EXPECT_EQ((*file)->size().value(), 10U);
}

TEST_F(FileSystemTest, names_operation_path_and_reason_of_a_failure) {
    const auto missing = files_.open(directory_ / "missing", OpenMode::read);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::not_found);
    EXPECT_EQ(missing.error().message,
            "cannot open " + (directory_ / "missing").string() + ": No such file or directory");
    ASSERT_TRUE(files_.open(directory_ / "a", OpenMode::create));
    const auto again = files_.open(directory_ / "a", OpenMode::create);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::io);
    EXPECT_EQ(again.error().message,
            "cannot create " + (directory_ / "a").string() + ": File exists");
}

TEST_F(FileSystemTest, tells_a_full_disk_from_other_failures) {
    auto full = files_.open("/dev/full", OpenMode::read_write);
    ASSERT_TRUE(full) << full.error().message;
    const auto written = (*full)->write_at(0, as_bytes("x"));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::no_space);
    EXPECT_EQ(written.error().message, "cannot write /dev/full: No space left on device");
}

TEST_F(FileSystemTest, lists_regular_files_sorted) {
    for (const char* name : {"c", "a", "b"}) {
        ASSERT_TRUE(files_.open(directory_ / name, OpenMode::create));
    }
    ASSERT_TRUE(files_.create_directories(directory_ / "folder"));
    EXPECT_EQ(files_.list(directory_.path()).value(), (std::vector<std::string>{"a", "b", "c"}));
    ASSERT_TRUE(files_.rename(directory_ / "c", directory_ / "d"));
    ASSERT_TRUE(files_.remove(directory_ / "a"));
    ASSERT_TRUE(sync_directory(files_, directory_.path()));
    EXPECT_EQ(files_.list(directory_.path()).value(), (std::vector<std::string>{"b", "d"}));
    EXPECT_EQ(files_.remove(directory_ / "a").error().code, ErrorCode::not_found);
    EXPECT_EQ(files_.list(directory_ / "nowhere").error().code, ErrorCode::not_found);
}

TEST_F(FileSystemTest, knows_the_free_space_of_a_disk) {
    EXPECT_GT(files_.free_space(directory_.path()).value(), 0U);
}

TEST_F(FileSystemTest, replaces_a_file_as_a_whole_and_leaves_nothing_beside_it) {
    const auto path = directory_ / "state";
    ASSERT_TRUE(write_file_atomically(files_, path, as_bytes("old")));
    ASSERT_TRUE(write_file_atomically(files_, path, as_bytes("new")));
    EXPECT_EQ(read_file(files_, path, 100).value(), "new");
    EXPECT_EQ(files_.list(directory_.path()).value(), std::vector<std::string>{"state"});
}

TEST_F(FileSystemTest, replaces_a_file_although_a_crash_left_a_temporary_one) {
    const auto path = directory_ / "state";
    ASSERT_TRUE(files_.open(directory_ / "state.new", OpenMode::create));
    ASSERT_TRUE(write_file_atomically(files_, path, as_bytes("new")));
    EXPECT_EQ(read_file(files_, path, 100).value(), "new");
}

TEST_F(FileSystemTest, reads_no_file_that_is_larger_than_expected) {
    const auto path = directory_ / "large";
    ASSERT_TRUE(write_file_atomically(files_, path, as_bytes("four")));
    EXPECT_EQ(read_file(files_, path, 4).value(), "four");
    const auto refused = read_file(files_, path, 3);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    EXPECT_EQ(refused.error().message, path.string() + " has 4 bytes; at most 3 are expected");
}

}  // namespace
}  // namespace foz
