// SPDX-License-Identifier: Apache-2.0
#include "journal/local/frame.h"

#include <array>

#include "base/crc32c.h"
#include "journal/local/local_journal.h"
#include "journal/local/stored_position.h"

namespace foz::journal::local {
namespace {

// Where each field lies; docs/journal_format.md has the same table.
constexpr std::size_t kFrameMagicAt = 0;
constexpr std::size_t kPayloadBytesAt = 4;
constexpr std::size_t kCountAt = 8;
constexpr std::size_t kPayloadCrcAt = 12;
constexpr std::size_t kFrameFirstAt = 16;
constexpr std::size_t kAppendedAt = 24;
constexpr std::size_t kDurableEndAt = 32;
constexpr std::size_t kReservedAt = 40;
constexpr std::size_t kHeaderCrcAt = 44;
static_assert(kHeaderCrcAt + 4 == kFrameHeaderBytes);

}  // namespace

std::uint64_t FrameHeader::fingerprint() const {
    constexpr std::uint64_t kOddMultiplier = 0x9e3779b97f4a7c15;  // spreads near times apart
    const auto time = static_cast<std::uint64_t>(appended.time_since_epoch().count());
    const std::uint64_t mixed = ((time * kOddMultiplier) ^ payload_crc) & INT64_MAX;
    return mixed == 0 ? 1 : mixed;
}

std::uint32_t payload_checksum(ByteView payload) {
    static constexpr std::array<std::byte, kFrameAlignment> kZeros{};
    const auto padding = ByteView(kZeros).first(padded(payload.size()) - payload.size());
    return crc32c(padding, crc32c(payload));
}

void encode_frame_header(const FrameHeader& header, std::byte* to) {
    store_little(to + kFrameMagicAt, kFrameMagic);
    store_little(to + kPayloadBytesAt, header.payload_bytes);
    store_little(to + kCountAt, header.count);
    store_little(to + kPayloadCrcAt, header.payload_crc);
    store_position(to + kFrameFirstAt, header.first);
    store_little(to + kAppendedAt, std::int64_t{header.appended.time_since_epoch().count()});
    store_little(to + kReservedAt, std::uint32_t{0});
}

void seal_frame(std::byte* frame, Position durable_end, std::uint32_t seed) {
    store_position(frame + kDurableEndAt, durable_end);
    store_little(frame + kHeaderCrcAt, crc32c(ByteView(frame, kHeaderCrcAt), seed));
}

FrameHeader load_frame_header(const std::byte* from) {
    FrameHeader header;
    header.payload_bytes = load_little<std::uint32_t>(from + kPayloadBytesAt);
    header.count = load_little<std::uint32_t>(from + kCountAt);
    header.payload_crc = load_little<std::uint32_t>(from + kPayloadCrcAt);
    header.first = load_position(from + kFrameFirstAt);
    header.appended = SystemTime(Microseconds(load_little<std::int64_t>(from + kAppendedAt)));
    header.durable_end = load_position(from + kDurableEndAt);
    return header;
}

std::optional<FrameHeader> decode_frame_header(const std::byte* from, std::uint32_t seed) {
    if (load_little<std::uint32_t>(from + kFrameMagicAt) != kFrameMagic ||
            load_little<std::uint32_t>(from + kHeaderCrcAt) !=
                    crc32c(ByteView(from, kHeaderCrcAt), seed)) {
        return std::nullopt;
    }
    const FrameHeader header = load_frame_header(from);
    const bool too_many = header.count > records_between(header.first, Position::beyond_all());
    if (header.count == 0 || too_many || header.payload_bytes > kAppendBytesMax) {
        return std::nullopt;
    }
    return header;
}

}  // namespace foz::journal::local
