// SPDX-License-Identifier: Apache-2.0
// Files and folders that only their owner may read: keys, password files.
#pragma once

#include <filesystem>
#include <string_view>

#include <sys/types.h>

#include "base/error.h"

namespace foz::tls {

inline constexpr mode_t kOwnerOnly = 0600;
inline constexpr mode_t kReadableByAll = 0644;

/// Replaces the file at `path` so that a crash leaves the old content or the new. A new file gets
/// `mode`, whatever the umask; one that was there keeps its owner, group and permissions, so that a
/// broker that could read it still can. Errors: io and no_space.
[[nodiscard]] Result<void> write_private_file(
        const std::filesystem::path& path, std::string_view content, mode_t mode);

/// The same for one of thousands: not synced. Call sync_files when all are written.
[[nodiscard]] Result<void> write_unsynced_file(
        const std::filesystem::path& path, std::string_view content, mode_t mode);
/// All that was written to the disk of `folder` is on the disk.
[[nodiscard]] Result<void> sync_files(const std::filesystem::path& folder);

/// Makes a folder with 0700, and those above it, unless it is there.
[[nodiscard]] Result<void> make_private_folder(const std::filesystem::path& folder);

}  // namespace foz::tls
