// SPDX-License-Identifier: Apache-2.0
// The cursors as their readers set them, and as they are on disk: retention goes by what is on
// disk, so that after a crash no cursor stands before the oldest record.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/mutex.h"
#include "journal/journal.h"
#include "journal/local/cursor_file.h"

namespace foz::journal::local {

/// Any thread may call any method, but save(), which is for the thread that
/// removes segments.
class CursorTable {
  public:
    /// `on_disk` is what the file has, or an empty one for a new journal.
    explicit CursorTable(CursorFile on_disk)
        : current_(on_disk.cursors), on_disk_(std::move(on_disk)) {}

    void set(std::string_view name, Position position);
    void remove(std::string_view name);
    [[nodiscard]] std::vector<NamedCursor> current() const;

    /// Writes the file if anything in it has changed. A cursor below `first`, the oldest record
    /// kept, is raised to it: what it asks for is gone.
    [[nodiscard]] Result<void> save(FileSystem& files, const std::filesystem::path& directory,
            Position first, Position durable_end);

    /// Every record below has been passed by every cursor, durably; none when there is no cursor.
    [[nodiscard]] Position passed() const;

    /// The cursor that is furthest behind, if there is one.
    [[nodiscard]] std::optional<NamedCursor> slowest() const;

  private:
    mutable Mutex mutex_;
    std::vector<NamedCursor> current_ FOZ_GUARDED_BY(mutex_);
    CursorFile on_disk_ FOZ_GUARDED_BY(mutex_);
};

}  // namespace foz::journal::local
