// SPDX-License-Identifier: Apache-2.0
#include "tls/private_file.h"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace foz::tls {
namespace {

std::unexpected<Error> failed(std::string_view what, const std::filesystem::path& path) {
    const int error_number = errno;
    const bool full = error_number == ENOSPC || error_number == EDQUOT;
    return fail(full ? ErrorCode::no_space : ErrorCode::io, "cannot {} {}: {}", what, path.string(),
            errno_message(error_number));
}

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int number() const { return number_; }

  private:
    int number_;
};

/// What the file at `path` has, for the one that takes its place. Another user's file stays theirs
/// only when root replaces it.
bool keep_owner_and_mode(const std::filesystem::path& path, int descriptor) {
    struct stat present{};
    if (::stat(path.c_str(), &present) != 0) {
        return true;
    }
    constexpr mode_t kNobodyElse = 0770;
    const bool owned =
            ::geteuid() != 0 || ::fchown(descriptor, present.st_uid, present.st_gid) == 0;
    return owned && ::fchmod(descriptor, present.st_mode & kNobodyElse) == 0;
}

bool write_all(int descriptor, std::string_view content) {
    while (!content.empty()) {
        const ssize_t count = ::write(descriptor, content.data(), content.size());
        if (count < 0 && errno != EINTR) {
            return false;
        }
        content.remove_prefix(count < 0 ? 0 : static_cast<std::size_t>(count));
    }
    return true;
}

Result<void> write(
        const std::filesystem::path& path, std::string_view content, mode_t mode, bool sync) {
    const std::filesystem::path fresh = path.string() + ".new";
    ::unlink(fresh.c_str());  // one that a crash left behind
    const Descriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (file.number() < 0) {
        return failed("create", fresh);
    }
    const bool keeps = mode != kOwnerOnly || keep_owner_and_mode(path, file.number());
    const bool readable = mode == kOwnerOnly || ::fchmod(file.number(), mode) == 0;
    if (!keeps || !readable || !write_all(file.number(), content) ||
            (sync && ::fdatasync(file.number()) != 0)) {
        return failed("write", fresh);
    }
    if (::rename(fresh.c_str(), path.c_str()) != 0) {
        return failed("replace", path);
    }
    return {};
}

}  // namespace

Result<void> write_unsynced_file(
        const std::filesystem::path& path, std::string_view content, mode_t mode) {
    return write(path, content, mode, false);
}

Result<void> sync_files(const std::filesystem::path& folder) {
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.number() < 0 || ::syncfs(opened.number()) != 0) {
        return failed("sync", folder);
    }
    return {};
}

Result<void> write_private_file(
        const std::filesystem::path& path, std::string_view content, mode_t mode) {
    if (auto written = write(path, content, mode, true); !written) {
        return written;
    }
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.number() < 0 || ::fsync(opened.number()) != 0) {
        return failed("sync", folder);
    }
    return {};
}

Result<void> make_private_folder(const std::filesystem::path& folder) {
    std::error_code error;
    if (folder.has_parent_path()) {
        std::filesystem::create_directories(folder.parent_path(), error);
    }
    constexpr mode_t kOwnersFolder = 0700;
    if (error || (::mkdir(folder.c_str(), kOwnersFolder) != 0 && errno != EEXIST)) {
        errno = error ? error.value() : errno;
        return failed("make the folder", folder);
    }
    return {};
}

}  // namespace foz::tls
