// SPDX-License-Identifier: Apache-2.0
#include "base/file_system.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace foz {
namespace {

ErrorCode code_of(int error_number) {
    switch (error_number) {
        case ENOSPC:
        case EDQUOT: return ErrorCode::no_space;
        case ENOENT: return ErrorCode::not_found;
        default: return ErrorCode::io;
    }
}

std::unexpected<Error> failed(
        const char* operation, const std::filesystem::path& path, int number) {
    return fail(
            code_of(number), "cannot {} {}: {}", operation, path.string(), errno_message(number));
}

class PosixFile final : public File {
  public:
    PosixFile(int descriptor, std::filesystem::path path)
        : descriptor_(descriptor), path_(std::move(path)) {}
    PosixFile(const PosixFile&) = delete;
    PosixFile& operator=(const PosixFile&) = delete;
    ~PosixFile() override { ::close(descriptor_); }

    [[nodiscard]] Result<std::size_t> read_at(
            std::uint64_t offset, std::span<std::byte> into) const override {
        std::size_t done = 0;
        while (done < into.size()) {
            const ssize_t count = ::pread(descriptor_, into.data() + done, into.size() - done,
                    static_cast<off_t>(offset + done));
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count < 0) {
                return failed("read", path_, errno);
            }
            if (count == 0) {
                break;
            }
            done += static_cast<std::size_t>(count);
        }
        return done;
    }

    [[nodiscard]] Result<void> write_at(std::uint64_t offset, ByteView bytes) override {
        std::size_t done = 0;
        while (done < bytes.size()) {
            const ssize_t count = ::pwrite(descriptor_, bytes.data() + done, bytes.size() - done,
                    static_cast<off_t>(offset + done));
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count < 0) {
                return failed("write", path_, errno);
            }
            done += static_cast<std::size_t>(count);
        }
        return {};
    }

    [[nodiscard]] Result<void> allocate(std::uint64_t size) override {
        int error = EINTR;
        while (error == EINTR) {
            error = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(size));
        }
        if (error != 0) {
            return failed("allocate", path_, error);
        }
        return {};
    }

    [[nodiscard]] Result<void> sync_data() override {
        if (::fdatasync(descriptor_) != 0) {
            return failed("sync", path_, errno);
        }
        return {};
    }

    [[nodiscard]] Result<std::uint64_t> size() const override {
        struct stat status{};
        if (::fstat(descriptor_, &status) != 0) {
            return failed("read the size of", path_, errno);
        }
        return static_cast<std::uint64_t>(status.st_size);
    }

    [[nodiscard]] Result<void> truncate(std::uint64_t size) override {
        if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
            return failed("truncate", path_, errno);
        }
        return {};
    }

  private:
    int descriptor_;
    std::filesystem::path path_;
};

class PosixDirectory final : public Directory {
  public:
    PosixDirectory(int descriptor, std::filesystem::path path)
        : descriptor_(descriptor), path_(std::move(path)) {}
    PosixDirectory(const PosixDirectory&) = delete;
    PosixDirectory& operator=(const PosixDirectory&) = delete;
    ~PosixDirectory() override { ::close(descriptor_); }

    [[nodiscard]] Result<void> sync() override {
        if (::fsync(descriptor_) != 0) {
            return failed("sync", path_, errno);
        }
        return {};
    }

  private:
    const int descriptor_;
    const std::filesystem::path path_;
};

class PosixFileSystem final : public FileSystem {
  public:
    [[nodiscard]] Result<std::unique_ptr<File>> open(
            const std::filesystem::path& path, OpenMode mode) override {
        int flags = O_CLOEXEC;
        switch (mode) {
            case OpenMode::read: flags |= O_RDONLY; break;
            case OpenMode::read_write: flags |= O_RDWR; break;
            case OpenMode::create: flags |= O_RDWR | O_CREAT | O_EXCL; break;
        }
        const int descriptor = ::open(path.c_str(), flags, 0640);
        if (descriptor < 0) {
            return failed(mode == OpenMode::create ? "create" : "open", path, errno);
        }
        return std::make_unique<PosixFile>(descriptor, path);
    }

    [[nodiscard]] Result<std::vector<std::string>> list(
            const std::filesystem::path& directory) const override {
        std::vector<std::string> names;
        std::error_code error;
        for (std::filesystem::directory_iterator entry(directory, error), end;
                !error && entry != end; entry.increment(error)) {
            std::error_code ignored;
            if (entry->is_regular_file(ignored)) {
                names.push_back(entry->path().filename().string());
            }
        }
        if (error) {
            return failed("list", directory, error.value());
        }
        std::ranges::sort(names);
        return names;
    }

    [[nodiscard]] Result<void> create_directories(const std::filesystem::path& directory) override {
        std::error_code error;
        std::filesystem::create_directories(directory, error);
        if (error) {
            return failed("create the directory", directory, error.value());
        }
        return {};
    }

    [[nodiscard]] Result<void> remove(const std::filesystem::path& path) override {
        if (::unlink(path.c_str()) != 0) {
            return failed("remove", path, errno);
        }
        return {};
    }

    [[nodiscard]] Result<void> rename(
            const std::filesystem::path& from, const std::filesystem::path& to) override {
        if (std::rename(from.c_str(), to.c_str()) != 0) {
            return failed("rename", from, errno);
        }
        return {};
    }

    [[nodiscard]] Result<std::unique_ptr<Directory>> open_directory(
            const std::filesystem::path& directory) override {
        const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (descriptor < 0) {
            return failed("open", directory, errno);
        }
        return std::make_unique<PosixDirectory>(descriptor, directory);
    }

    [[nodiscard]] Result<std::unique_ptr<File>> lock(const std::filesystem::path& path) override {
        const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
        if (descriptor < 0) {
            return failed("open", path, errno);
        }
        auto file = std::make_unique<PosixFile>(descriptor, path);
        if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
            if (errno == EWOULDBLOCK) {
                return fail(
                        ErrorCode::unavailable, "{} is locked by another process", path.string());
            }
            return failed("lock", path, errno);
        }
        return file;
    }

    [[nodiscard]] Result<std::uint64_t> free_space(
            const std::filesystem::path& path) const override {
        struct statvfs status{};
        if (::statvfs(path.c_str(), &status) != 0) {
            return failed("read the free space at", path, errno);
        }
        return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
    }
};

}  // namespace

FileSystem& real_file_system() {
    static PosixFileSystem files;
    return files;
}

Result<void> sync_directory(FileSystem& files, const std::filesystem::path& directory) {
    auto opened = files.open_directory(directory);
    if (!opened) {
        return pass_on(opened);
    }
    return (*opened)->sync();
}

Result<void> write_file_atomically(
        FileSystem& files, const std::filesystem::path& path, ByteView bytes) {
    const std::filesystem::path temporary = path.string() + ".new";
    (void)files.remove(temporary);  // one that a crash left behind
    auto file = files.open(temporary, OpenMode::create);
    if (!file) {
        return pass_on(file);
    }
    if (auto written = (*file)->write_at(0, bytes); !written) {
        return written;
    }
    if (auto synced = (*file)->sync_data(); !synced) {
        return synced;
    }
    if (auto renamed = files.rename(temporary, path); !renamed) {
        return renamed;
    }
    return sync_directory(files, path.parent_path().empty() ? "." : path.parent_path());
}

Result<std::string> read_file(
        FileSystem& files, const std::filesystem::path& path, std::uint64_t size_max) {
    auto file = files.open(path, OpenMode::read);
    if (!file) {
        return pass_on(file);
    }
    const auto size = (*file)->size();
    if (!size) {
        return std::unexpected(size.error());
    }
    if (*size > size_max) {
        return fail(ErrorCode::invalid, "{} has {} bytes; at most {} are expected", path.string(),
                *size, size_max);
    }
    std::string content(*size, '\0');
    const auto count = (*file)->read_at(0, std::as_writable_bytes(std::span(content)));
    if (!count) {
        return std::unexpected(count.error());
    }
    content.resize(*count);
    return content;
}

}  // namespace foz
