// SPDX-License-Identifier: Apache-2.0
#include "journal/local/retention.h"

#include <algorithm>

namespace foz::journal::local {

std::size_t segments_to_remove(std::span<const std::shared_ptr<Segment>> segments, Position passed,
        SystemTime now, const RetentionRule& rule) {
    std::size_t removable = 0;
    std::uint64_t kept_bytes = 0;
    // The record before a cursor stays while there is room: it shows whose the cursor is.
    const Position removable_below =
            rule.bytes_needed > 0 ? passed : passed.previous().value_or(passed);
    while (removable + 1 < segments.size() && segments[removable]->end.load() <= removable_below) {
        kept_bytes += segments[removable]->file_bytes;
        ++removable;
    }
    std::size_t count = 0;
    std::uint64_t freed_bytes = 0;
    for (; count < removable; ++count) {
        const std::uint64_t bytes = segments[count]->file_bytes;
        // The next segment's first record is hardly younger than this one's last.
        const bool too_old = segments[count + 1]->header.first_appended + rule.retain_age < now;
        const bool too_many = kept_bytes >= rule.retain_bytes + bytes;
        if (!too_old && !too_many && freed_bytes >= rule.bytes_needed) {
            break;
        }
        kept_bytes -= bytes;
        freed_bytes += bytes;
    }
    return count;
}

}  // namespace foz::journal::local
