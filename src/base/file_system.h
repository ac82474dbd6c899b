// SPDX-License-Identifier: Apache-2.0
// The file-system seam: the journal reaches the disk only through these classes, so that a test
// can put a disk below it that is full, slow, or forgets what was not synced.
//
// Errors: ErrorCode::no_space for ENOSPC and EDQUOT, not_found for ENOENT, io for the rest; the
// message names the operation, the path and the operating system's reason.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace foz {

/// An open file. Closed by the destructor. One thread at a time, but for read_at, which any thread
/// may call while another writes elsewhere in the file.
class File {
  public:
    virtual ~File() = default;

    /// Reads up to `into.size()` bytes at `offset`; fewer only at the end of the file.
    [[nodiscard]] virtual Result<std::size_t> read_at(
            std::uint64_t offset, std::span<std::byte> into) const = 0;

    /// Writes all of `bytes` at `offset`, or fails; after a failure any prefix may have been
    /// written.
    [[nodiscard]] virtual Result<void> write_at(std::uint64_t offset, ByteView bytes) = 0;

    /// Makes the file `size` bytes long, if it is shorter, with room on the disk for all of them;
    /// what is new reads as zeros. Writes none where the file system can promise that.
    [[nodiscard]] virtual Result<void> allocate(std::uint64_t size) = 0;

    /// fdatasync: after success, what was written before is on the disk. After a failure nothing is
    /// known about it, and calling again may report success falsely: do not.
    [[nodiscard]] virtual Result<void> sync_data() = 0;

    [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;
    [[nodiscard]] virtual Result<void> truncate(std::uint64_t size) = 0;
};

/// An open folder: can be synced when no more files can be opened. One thread at a time.
class Directory {
  public:
    virtual ~Directory() = default;

    /// Makes creations, removals and renames in it durable.
    [[nodiscard]] virtual Result<void> sync() = 0;
};

enum class OpenMode : std::uint8_t { read, read_write, create };  // create: must not exist yet

/// Any thread may call any method.
class FileSystem {
  public:
    virtual ~FileSystem() = default;

    [[nodiscard]] virtual Result<std::unique_ptr<File>> open(
            const std::filesystem::path& path, OpenMode mode) = 0;
    /// Names (without the folder) of the regular files in `directory`, sorted.
    [[nodiscard]] virtual Result<std::vector<std::string>> list(
            const std::filesystem::path& directory) const = 0;
    [[nodiscard]] virtual Result<void> create_directories(
            const std::filesystem::path& directory) = 0;
    [[nodiscard]] virtual Result<void> remove(const std::filesystem::path& path) = 0;
    [[nodiscard]] virtual Result<void> rename(
            const std::filesystem::path& from, const std::filesystem::path& to) = 0;
    [[nodiscard]] virtual Result<std::unique_ptr<Directory>> open_directory(
            const std::filesystem::path& directory) = 0;
    /// Opens the file at `path`, made when it is missing, and locks it against every other lock()
    /// until the returned File is gone, also by the end of the process. Error: unavailable when
    /// another holds it.
    [[nodiscard]] virtual Result<std::unique_ptr<File>> lock(const std::filesystem::path& path) = 0;
    /// Bytes that an unprivileged process may still write on the disk that holds `path`.
    [[nodiscard]] virtual Result<std::uint64_t> free_space(
            const std::filesystem::path& path) const = 0;
};

/// Opens the folder and syncs it.
[[nodiscard]] Result<void> sync_directory(
        FileSystem& files, const std::filesystem::path& directory);

/// The machine's file system. One object, for the life of the process.
[[nodiscard]] FileSystem& real_file_system();

/// Replaces the file at `path` with `bytes` so that a crash leaves the old content or the new:
/// a temporary file beside it, synced, renamed over it, and the folder synced.
[[nodiscard]] Result<void> write_file_atomically(
        FileSystem& files, const std::filesystem::path& path, ByteView bytes);

/// The whole content of a file of at most `size_max` bytes.
[[nodiscard]] Result<std::string> read_file(
        FileSystem& files, const std::filesystem::path& path, std::uint64_t size_max);

}  // namespace foz
