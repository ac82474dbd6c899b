// SPDX-License-Identifier: Apache-2.0
// The machine's file system in a process that has run out of file descriptors now and then: files
// cannot be opened for reading, which passes.
#pragma once

#include <atomic>

#include "base/file_system.h"

namespace foz::support {

/// Any thread may call any method.
class FailingOpens final : public FileSystem {
  public:
    void fail(bool failing) { failing_ = failing; }
    /// How often open() has failed.
    [[nodiscard]] int failures() const { return failures_; }

    [[nodiscard]] Result<std::unique_ptr<File>> open(
            const std::filesystem::path& path, OpenMode mode) override {
        if (failing_ && mode == OpenMode::read) {
            ++failures_;
            return foz::fail(ErrorCode::io, "open {}: Too many open files", path.string());
        }
        return files_.open(path, mode);
    }
    [[nodiscard]] Result<std::vector<std::string>> list(
            const std::filesystem::path& directory) const override {
        return files_.list(directory);
    }
    [[nodiscard]] Result<void> create_directories(const std::filesystem::path& directory) override {
        return files_.create_directories(directory);
    }
    [[nodiscard]] Result<void> remove(const std::filesystem::path& path) override {
        return files_.remove(path);
    }
    [[nodiscard]] Result<void> rename(
            const std::filesystem::path& from, const std::filesystem::path& to) override {
        return files_.rename(from, to);
    }
    [[nodiscard]] Result<std::unique_ptr<Directory>> open_directory(
            const std::filesystem::path& directory) override {
        return files_.open_directory(directory);
    }
    [[nodiscard]] Result<std::unique_ptr<File>> lock(const std::filesystem::path& path) override {
        return files_.lock(path);
    }
    [[nodiscard]] Result<std::uint64_t> free_space(
            const std::filesystem::path& path) const override {
        return files_.free_space(path);
    }

  private:
    FileSystem& files_ = real_file_system();
    std::atomic<bool> failing_{false};
    std::atomic<int> failures_{0};
};

}  // namespace foz::support
