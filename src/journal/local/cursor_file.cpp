// SPDX-License-Identifier: Apache-2.0
#include "journal/local/cursor_file.h"

#include <cstring>

#include "base/crc32c.h"
#include "journal/local/stored_position.h"

namespace foz::journal::local {
namespace {

constexpr std::string_view kCursorFile = "cursors";
constexpr std::string_view kCursorMagic = "fozcurs\n";
constexpr std::uint64_t kFileBytesMax = 16 << 20;
constexpr std::size_t kFixedBytes =
        8 + 4 + 16 + 8 + 4;  // magic, version, journal, durable end, count
constexpr std::size_t kCrcBytes = 4;
constexpr std::size_t kCursorFixedBytes = 8 + 2;  // position, length of the name

std::unexpected<Error> corrupt(const std::filesystem::path& path) {
    return fail(ErrorCode::corrupt,
            "{} is damaged; move it away: foz then keeps every segment until its readers have "
            "reported again",
            path.string());
}

/// Takes one cursor off the front of `bytes`; false when there is none.
bool take_cursor(ByteView& bytes, NamedCursor& cursor) {
    if (bytes.size() < kCursorFixedBytes) {
        return false;
    }
    cursor.position = load_position(bytes.data());
    const auto length = load_little<std::uint16_t>(bytes.data() + kPositionBytes);
    bytes = bytes.subspan(kCursorFixedBytes);
    if (bytes.size() < length) {
        return false;
    }
    cursor.name = as_text(bytes.first(length));
    bytes = bytes.subspan(length);
    return true;
}

}  // namespace

Result<CursorFile> CursorFile::read(FileSystem& files, const std::filesystem::path& directory) {
    const auto path = directory / kCursorFile;
    auto content = read_file(files, path, kFileBytesMax);
    if (!content) {
        return pass_on(content);
    }
    ByteView bytes = as_bytes(*content);
    if (bytes.size() < kFixedBytes + kCrcBytes || as_text(bytes.first(8)) != kCursorMagic ||
            load_little<std::uint32_t>(bytes.data() + bytes.size() - kCrcBytes) !=
                    crc32c(bytes.first(bytes.size() - kCrcBytes))) {
        return corrupt(path);
    }
    const auto version = load_little<std::uint32_t>(bytes.data() + 8);
    if (version != kFormatVersion) {
        return fail(ErrorCode::unsupported,
                "{}: format version {}, but this foz reads and writes version {}", path.string(),
                version, kFormatVersion);
    }
    CursorFile file;
    std::memcpy(file.journal.bytes.data(), bytes.data() + 12, file.journal.bytes.size());
    file.durable_end = load_position(bytes.data() + 28);
    auto count = load_little<std::uint32_t>(bytes.data() + 36);
    bytes = bytes.subspan(kFixedBytes, bytes.size() - kFixedBytes - kCrcBytes);
    for (; count > 0; --count) {
        if (!take_cursor(bytes, file.cursors.emplace_back())) {
            return corrupt(path);
        }
    }
    return file;
}

Result<void> CursorFile::write(FileSystem& files, const std::filesystem::path& directory) const {
    std::string bytes(kCursorMagic);
    append_little(bytes, kFormatVersion);
    bytes += as_text(journal.bytes);
    append_little(bytes, durable_end.number());
    append_little(bytes, static_cast<std::uint32_t>(cursors.size()));
    for (const NamedCursor& cursor : cursors) {
        append_little(bytes, cursor.position.number());
        append_little(bytes, static_cast<std::uint16_t>(cursor.name.size()));
        bytes += cursor.name;
    }
    append_little(bytes, crc32c(as_bytes(bytes)));
    return write_file_atomically(files, directory / kCursorFile, as_bytes(bytes));
}

}  // namespace foz::journal::local
