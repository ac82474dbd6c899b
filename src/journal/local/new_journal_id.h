// SPDX-License-Identifier: Apache-2.0
// A journal that is the copy of another, or that was restored from a snapshot, needs another id:
// databases keep their cursors by it. The ids in the segments stay, because all checksums start
// from them; the new one is in the file `id` beside them (docs/journal_format.md).
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file_system.h"
#include "journal/local/segment_header.h"

namespace foz::journal::local {

/// Status::id of the journal in `directory`, whose segments have the id `made_with`. Errors:
/// corrupt, when the file `id` is there and holds none; io.
[[nodiscard]] Result<std::string> public_journal_id(
        FileSystem& files, const std::filesystem::path& directory, const JournalId& made_with);

/// A random one.
[[nodiscard]] std::string new_journal_id();

/// From now on whoever opens the journal in `directory` sees this id. Durable on success; on
/// failure the old one stays.
[[nodiscard]] Result<void> set_public_journal_id(
        FileSystem& files, const std::filesystem::path& directory, const std::string& id);

}  // namespace foz::journal::local
