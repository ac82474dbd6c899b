// SPDX-License-Identifier: Apache-2.0
// What a folder holds of a journal, and how its tail is mended after a crash.
//
// A place in the last segment that is no valid frame is a torn tail when nothing proves that it was
// durable once: then the journal ends there. It is corruption when something does: the cursor file,
// or a later frame, written when the writer knew that the place was on disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/file_system.h"
#include "journal/local/cursor_file.h"
#include "journal/local/segment_list.h"

namespace foz::journal::local {

struct Survey {
    CursorFile cursors;
    std::vector<std::shared_ptr<Segment>> segments;  // oldest first, not empty, without gaps
    Position end;                  // after the last whole frame of the last segment
    std::uint64_t end_offset = 0;  // where that is in its file
    std::uint64_t unproven_offset =
            0;  // from here on, nothing proves that the frames are on the disk itself
};

enum class Strictness : std::uint8_t {
    owner,     // nobody writes: what is missing is an error
    onlooker,  // another process may be writing and removing: the first bad place is the end
};

/// Looks, changes nothing. Nothing: there is no journal. Errors: corrupt, unsupported, io.
[[nodiscard]] Result<std::optional<Survey>> survey_journal(
        FileSystem& files, const std::filesystem::path& directory, Strictness strictness);

/// Makes the last segment durable up to survey.end, and zeros behind it, so that no frame that was
/// cut off can come back to life. Returns its file, open for writing.
[[nodiscard]] Result<std::unique_ptr<File>> mend_tail(FileSystem& files, const Survey& survey);

}  // namespace foz::journal::local
