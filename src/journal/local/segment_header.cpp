// SPDX-License-Identifier: Apache-2.0
#include "journal/local/segment_header.h"

#include <charconv>
#include <cstring>
#include <random>

#include "base/crc32c.h"
#include "journal/local/stored_position.h"

namespace foz::journal::local {
namespace {

constexpr std::string_view kMagic = "fozjrnl\n";
constexpr std::string_view kSuffix = ".segment";
constexpr std::size_t kNameDigits = 20;  // of 2^64 - 1

// Where each field lies; docs/journal_format.md has the same table. Magic, version and checksum
// stay where they are in every version.
constexpr std::size_t kMagicAt = 0;
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kJournalAt = 16;
constexpr std::size_t kFirstAt = 32;
constexpr std::size_t kPreviousFirstAt = 40;
constexpr std::size_t kFirstAppendedAt = 48;
constexpr std::size_t kCrcAt = 60;

}  // namespace

JournalId JournalId::random() {
    std::random_device device;
    JournalId id;
    for (std::size_t i = 0; i < id.bytes.size(); i += 4) {
        store_little(id.bytes.data() + i, static_cast<std::uint32_t>(device()));
    }
    id.bytes[6] = (id.bytes[6] & std::byte{0x0f}) | std::byte{0x40};  // version 4
    id.bytes[8] = (id.bytes[8] & std::byte{0x3f}) | std::byte{0x80};  // variant of RFC 4122
    return id;
}

std::string JournalId::text() const {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text += '-';
        }
        text += fmt::format("{:02x}", static_cast<unsigned>(bytes[i]));
    }
    return text;
}

std::uint32_t SegmentHeader::frame_seed() const {
    std::array<std::byte, kPositionBytes> position{};
    store_position(position.data(), first);
    return crc32c(position, crc32c(journal.bytes));
}

SegmentHeaderBytes encode_segment_header(const SegmentHeader& header) {
    SegmentHeaderBytes bytes{};
    std::memcpy(bytes.data() + kMagicAt, kMagic.data(), kMagic.size());
    store_little(bytes.data() + kVersionAt, kFormatVersion);
    std::memcpy(
            bytes.data() + kJournalAt, header.journal.bytes.data(), header.journal.bytes.size());
    store_position(bytes.data() + kFirstAt, header.first);
    store_position(bytes.data() + kPreviousFirstAt, header.previous_first);
    store_little(bytes.data() + kFirstAppendedAt,
            std::int64_t{header.first_appended.time_since_epoch().count()});
    store_little(bytes.data() + kCrcAt, crc32c(ByteView(bytes).first(kCrcAt)));
    return bytes;
}

Result<SegmentHeader> decode_segment_header(ByteView bytes, std::string_view path) {
    if (bytes.size() < kSegmentHeaderBytes ||
            as_text(bytes.subspan(kMagicAt, kMagic.size())) != kMagic ||
            load_little<std::uint32_t>(bytes.data() + kCrcAt) != crc32c(bytes.first(kCrcAt))) {
        return fail(ErrorCode::corrupt,
                "{}: the first {} bytes are not the header of a journal segment; restore the file "
                "from a backup, or move the whole journal folder away to start with an empty one",
                path, kSegmentHeaderBytes);
    }
    const auto version = load_little<std::uint32_t>(bytes.data() + kVersionAt);
    if (version != kFormatVersion) {
        return fail(ErrorCode::unsupported,
                "{}: journal format version {}, but this foz reads and writes version {}; use the "
                "foz that wrote it until every database has stored its records, or move the "
                "journal folder away",
                path, version, kFormatVersion);
    }
    SegmentHeader header;
    std::memcpy(
            header.journal.bytes.data(), bytes.data() + kJournalAt, header.journal.bytes.size());
    header.first = load_position(bytes.data() + kFirstAt);
    header.previous_first = load_position(bytes.data() + kPreviousFirstAt);
    header.first_appended =
            SystemTime(Microseconds(load_little<std::int64_t>(bytes.data() + kFirstAppendedAt)));
    return header;
}

std::string segment_name(Position first) {
    return fmt::format("{:020}{}", first, kSuffix);
}

std::optional<Position> segment_name_position(std::string_view name) {
    if (name.size() != kNameDigits + kSuffix.size() || !name.ends_with(kSuffix)) {
        return std::nullopt;
    }
    std::uint64_t number = 0;
    const char* const end = name.data() + kNameDigits;
    const auto [stop, error] = std::from_chars(name.data(), end, number);
    if (error != std::errc{} || stop != end) {
        return std::nullopt;
    }
    return Position::from_number(number);
}

}  // namespace foz::journal::local
