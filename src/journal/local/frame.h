// SPDX-License-Identifier: Apache-2.0
// A frame: what one append leaves in a segment file. A header of 48 bytes, the records, zeros up to
// the next multiple of 8. docs/journal_format.md has the table of bytes. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "journal/journal.h"

namespace foz::journal::local {

inline constexpr std::size_t kFrameHeaderBytes = 48;
inline constexpr std::size_t kFrameAlignment = 8;
inline constexpr std::uint32_t kFrameMagic = 0x4d5a4f46;  // "FOZM" on disk

/// The payload with its padding.
[[nodiscard]] constexpr std::uint64_t padded(std::uint64_t payload_bytes) {
    return (payload_bytes + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment;
}

struct FrameHeader {
    std::uint32_t payload_bytes = 0;
    std::uint32_t count = 0;        // records; never 0
    std::uint32_t payload_crc = 0;  // of payload and padding
    Position first;                 // of the first record
    SystemTime appended;
    /// What the writer knew to be on disk when it wrote this frame: every record below. A bad place
    /// below the durable_end of a later frame was whole once, and is therefore no torn tail.
    Position durable_end;

    [[nodiscard]] Position end() const { return first.advanced_by(count); }
    /// Of its records: Record::fingerprint.
    [[nodiscard]] std::uint64_t fingerprint() const;
    [[nodiscard]] std::uint64_t frame_bytes() const {
        return kFrameHeaderBytes + padded(payload_bytes);
    }
};

/// The checksum of `payload` and its padding.
[[nodiscard]] std::uint32_t payload_checksum(ByteView payload);

/// Writes all of the header but durable_end and its checksum, which the writer adds with
/// seal_frame().
void encode_frame_header(const FrameHeader& header, std::byte* to);

/// Finishes the header at `frame` for a segment with this `seed` (SegmentHeader::frame_seed).
void seal_frame(std::byte* frame, Position durable_end, std::uint32_t seed);

/// The fields of a header that need not have been sealed yet.
[[nodiscard]] FrameHeader load_frame_header(const std::byte* from);

/// The header at `from`, or nothing when there is no frame of a segment with this `seed`.
[[nodiscard]] std::optional<FrameHeader> decode_frame_header(
        const std::byte* from, std::uint32_t seed);

}  // namespace foz::journal::local
