// SPDX-License-Identifier: Apache-2.0
// The first 64 bytes of a segment file, and the file's name. docs/journal_format.md has the table.
// Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "journal/journal.h"

namespace foz::journal::local {

inline constexpr std::size_t kSegmentHeaderBytes = 64;
inline constexpr std::uint32_t kFormatVersion = 1;

/// A random UUID (RFC 4122, version 4): which journal a file belongs to.
struct JournalId {
    std::array<std::byte, 16> bytes{};

    [[nodiscard]] static JournalId random();
    [[nodiscard]] std::string text() const;  // "01234567-89ab-4cde-8f01-23456789abcd"

    bool operator==(const JournalId&) const = default;
};

struct SegmentHeader {
    JournalId journal;
    Position first;  // of the first record in this segment
    /// `first` of the segment before this one; of the very first, its own. A gap shows when it
    /// differs.
    Position previous_first;
    SystemTime first_appended;  // of the first record in this segment

    /// What frame checksums in this segment start from: a frame of another segment, or of another
    /// journal, is not valid here.
    [[nodiscard]] std::uint32_t frame_seed() const;
};

using SegmentHeaderBytes = std::array<std::byte, kSegmentHeaderBytes>;

[[nodiscard]] SegmentHeaderBytes encode_segment_header(const SegmentHeader& header);

/// Errors: unsupported = another version's journal; corrupt = not the header of a segment. `path`
/// is for the message.
[[nodiscard]] Result<SegmentHeader> decode_segment_header(ByteView bytes, std::string_view path);

/// "00000000000000001234.segment": names sort as positions do.
[[nodiscard]] std::string segment_name(Position first);
/// The position in a segment's name; nothing for the name of any other file.
[[nodiscard]] std::optional<Position> segment_name_position(std::string_view name);

}  // namespace foz::journal::local
