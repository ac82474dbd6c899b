// SPDX-License-Identifier: Apache-2.0
// The file `cursors`: how far each named reader has come, and how far the journal was known to be
// durable. Replaced as a whole. docs/journal_format.md has the bytes.
#pragma once

#include <filesystem>
#include <vector>

#include "base/file_system.h"
#include "journal/journal.h"
#include "journal/local/segment_header.h"

namespace foz::journal::local {

struct CursorFile {
    JournalId journal;
    Position durable_end;  // every record below was on disk when this was written
    std::vector<NamedCursor> cursors;

    /// Errors: not_found; corrupt; unsupported = another version's.
    [[nodiscard]] static Result<CursorFile> read(
            FileSystem& files, const std::filesystem::path& directory);
    /// Durable on success; on failure the old content stays.
    [[nodiscard]] Result<void> write(
            FileSystem& files, const std::filesystem::path& directory) const;
};

}  // namespace foz::journal::local
