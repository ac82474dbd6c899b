// SPDX-License-Identifier: Apache-2.0
// The file that becomes the next segment: allocated, filled with zeros and synced before it is
// needed, so that a sync of the journal writes data only and no metadata of the file system.
#pragma once

#include <filesystem>
#include <memory>

#include "base/file_system.h"
#include "journal/local/segment_list.h"

namespace foz::journal::local {

/// One thread at a time. The file is called `spare`; when a crash leaves one, it is removed at the
/// next start.
class SpareSegment {
  public:
    /// Makes the file, empty. An older spare is replaced.
    [[nodiscard]] static Result<SpareSegment> create(
            FileSystem& files, const std::filesystem::path& directory, std::uint64_t bytes);

    /// Fills and syncs the next piece (1 MiB). After an error the spare is of no use: discard it.
    [[nodiscard]] Result<void> advance();
    /// Makes the spare ready without filling the rest: at once, and each sync of what is later
    /// written there costs a little more. Errors as advance().
    [[nodiscard]] Result<void> hurry();
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] std::uint64_t filled() const { return filled_; }
    [[nodiscard]] bool ready() const { return filled_ == bytes_; }

    struct Activated {
        std::shared_ptr<Segment> segment;
        std::unique_ptr<File> file;  // open for writing
    };
    /// Makes a spare that is ready the segment with this header, durably. The spare is gone then.
    [[nodiscard]] Result<Activated> activate(const SegmentHeader& header);

    /// Removes the file of a spare, if there is one.
    static void discard(FileSystem& files, const std::filesystem::path& directory);

  private:
    SpareSegment(FileSystem& files, std::filesystem::path directory,
            std::unique_ptr<Directory> folder, std::unique_ptr<File> file, std::uint64_t bytes)
        : files_(&files),
          directory_(std::move(directory)),
          folder_(std::move(folder)),
          file_(std::move(file)),
          bytes_(bytes) {}

    FileSystem* files_;
    std::filesystem::path directory_;
    std::unique_ptr<Directory> folder_;
    std::unique_ptr<File> file_;
    std::uint64_t bytes_;
    std::uint64_t filled_ = 0;
};

}  // namespace foz::journal::local
