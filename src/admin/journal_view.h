// SPDX-License-Identifier: Apache-2.0
// What the journal holds, for a person: positions, segments, cursors, and the records themselves.
// Looks only, also while foz runs. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "config/settings.h"
#include "journal/journal.h"
#include "journal/local/local_journal.h"

namespace foz::admin {

struct JournalView {
    std::filesystem::path folder;
    journal::Status status;
    std::vector<journal::local::SegmentSummary> segments;  // oldest first
    std::vector<journal::NamedCursor> cursors;             // as saved: every second
};
/// Errors: those of the journal; not_found when there is none.
[[nodiscard]] Result<JournalView> view_journal(const config::Settings& settings);

/// Calls `each` for at most `count` records, beginning at `from`: a position, or a time in UTC; "":
/// the first record there is. Errors: invalid = what `from` says; those of the journal.
[[nodiscard]] Result<void> for_each_record(const config::Settings& settings,
        const std::string& from, std::uint64_t count,
        const std::function<void(const journal::Record&)>& each);

/// One line: "message topic=... client=... qos=1 payload=...", printable ASCII only; what cannot be
/// read is "unreadable: why".
[[nodiscard]] std::string describe(const journal::Record& record);
/// `text` with what is not printable ASCII as \xNN.
[[nodiscard]] std::string ascii_text(std::string_view text);

}  // namespace foz::admin
