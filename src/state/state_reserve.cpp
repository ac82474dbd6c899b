// SPDX-License-Identifier: Apache-2.0
#include "state/state_reserve.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace foz::state {
namespace {

std::filesystem::path file_in(const std::filesystem::path& folder) {
    return folder / "state.reserve";
}

std::uint64_t free_bytes(const std::filesystem::path& folder) {
    std::error_code error;
    const auto space = std::filesystem::space(folder, error);
    return error ? 0 : space.available;
}

}  // namespace

Result<void> keep_reserve(const std::filesystem::path& folder) {
    const std::filesystem::path file = file_in(folder);
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored) || free_bytes(folder) < 4 * kReserveBytes) {
        return {};
    }
    const int descriptor =
            ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR | S_IRGRP);
    if (descriptor < 0) {
        return fail(ErrorCode::io, "cannot make {}: {}", file.string(), errno_message(errno));
    }
    const int error = ::posix_fallocate(descriptor, 0, static_cast<off_t>(kReserveBytes));
    ::close(descriptor);
    if (error != 0) {
        std::filesystem::remove(file, ignored);
        return fail(
                ErrorCode::io, "cannot take room for {}: {}", file.string(), errno_message(error));
    }
    return {};
}

bool give_back_reserve(const std::filesystem::path& folder) {
    std::error_code ignored;
    return free_bytes(folder) < kReserveBytes && std::filesystem::remove(file_in(folder), ignored);
}

}  // namespace foz::state
