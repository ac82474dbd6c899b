// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the journal's recovery. The input describes what a crash has left on the disk: six
// bytes, then a segment file.
//
//   0     what is done to it, bits: see Treatment
//   1, 2  the durable end and the position of the one cursor in the file `cursors`
//   3, 4  the offset of a damage to the segment, little-endian
//   5     what is damaged there: an exclusive or; 0: nothing
//
// Checksums are what a fuzzer does not guess. Hence they can be made right before the damage is
// done, so that whatever else a segment says is looked at.
#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/crc32c.h"
#include "journal/local/cursor_file.h"
#include "journal/local/frame.h"
#include "journal/local/local_journal.h"
#include "journal/local/recovery.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/faulty_file_system.h"

namespace foz::journal::local {
namespace {

enum Treatment : std::uint8_t {
    seal_header = 1,  // the checksum of the segment's header
    seal_frames = 2,  // those of all frames, as far as one follows another
    has_cursors = 4,  // there is a file `cursors`
};

constexpr std::size_t kPrefixBytes = 6;
const std::filesystem::path kDirectory = "/journal";

struct Disk {
    support::FaultyFileSystem files;
    std::filesystem::path segment;

    [[nodiscard]] std::string content() const { return files.content(segment); }
    [[nodiscard]] Result<Survey> survey(Strictness strictness) {
        auto survey = survey_journal(files, kDirectory, strictness);
        if (!survey) return pass_on(survey);
        std::optional<Survey>& found = *survey;
        FOZ_CHECK(found.has_value());  // fill() has put a segment there
        return *std::move(found);
    }
};

void seal_segment_header(std::string& segment) {
    const auto covered = kSegmentHeaderBytes - sizeof(std::uint32_t);
    if (segment.size() >= kSegmentHeaderBytes) {
        store_little(segment.data() + covered, crc32c(as_bytes(segment).first(covered)));
    }
}

void seal_segment_frames(std::string& segment, std::uint32_t seed) {
    constexpr std::size_t kPayloadCrcAt = 12;  // docs/journal_format.md
    std::uint64_t offset = kSegmentHeaderBytes;
    while (offset + kFrameHeaderBytes <= segment.size()) {
        auto* const frame = reinterpret_cast<std::byte*>(segment.data() + offset);
        const FrameHeader header = load_frame_header(frame);
        if (load_little<std::uint32_t>(frame) != kFrameMagic ||
                header.frame_bytes() > segment.size() - offset) {
            return;
        }
        const ByteView payload(frame + kFrameHeaderBytes, padded(header.payload_bytes));
        store_little(frame + kPayloadCrcAt, payload_checksum(payload));
        seal_frame(frame, header.durable_end, seed);
        offset += header.frame_bytes();
    }
}

/// Puts what the input says on the disk.
void fill(Disk& disk, std::span<const std::uint8_t> input) {
    std::string segment(reinterpret_cast<const char*>(input.data()), input.size());
    segment.erase(0, kPrefixBytes);
    const unsigned treatment = input[0];
    if ((treatment & seal_header) != 0) {
        seal_segment_header(segment);
    }
    const auto header = decode_segment_header(
            as_bytes(segment).first(std::min(segment.size(), kSegmentHeaderBytes)), "");
    if (header && (treatment & seal_frames) != 0) {
        seal_segment_frames(segment, header->frame_seed());
    }
    const auto damaged = load_little<std::uint16_t>(input.data() + 3);
    if (damaged < segment.size()) {
        segment[damaged] = static_cast<char>(segment[damaged] ^ input[5]);
    }
    (void)disk.files.create_directories(kDirectory);
    disk.segment = kDirectory / segment_name(header ? header->first : Position());
    disk.files.set_content(disk.segment, std::move(segment));
    if (header && (treatment & has_cursors) != 0) {
        const CursorFile cursors{header->journal, Position::from_number(input[1]),
            {{"sink/foz", Position::from_number(input[2])}}};
        FOZ_CHECK(cursors.write(disk.files, kDirectory).has_value());
    }
}

void check_same(const Survey& one, const Survey& other) {
    FOZ_CHECK(one.segments.size() == other.segments.size());
    FOZ_CHECK(one.end == other.end && one.end_offset == other.end_offset);
    FOZ_CHECK(one.unproven_offset == other.unproven_offset);
    FOZ_CHECK(one.cursors.journal == other.cursors.journal);
}

/// Nothing at the end, and where the journal says, however often it is asked, that it is corrupt.
std::optional<Record> next_record(Reader& reader, Position end) {
    const auto next = reader.next();
    if (!next) {
        FOZ_CHECK(next.error().code == ErrorCode::corrupt && !reader.next());
        return std::nullopt;
    }
    FOZ_CHECK(next->has_value() || reader.position() == end);
    return *next;
}

/// Records come in order; who starts later reads the same ones. Yields where reading ended.
Position check_records(Journal& journal) {
    const Status status = journal.status();
    const auto reader = journal.read_from(status.first);
    FOZ_CHECK(reader.has_value());
    Position position = status.first;
    std::string last;
    while (const auto record = next_record(**reader, status.durable_end)) {
        FOZ_CHECK(record->position == position && position < status.durable_end);
        FOZ_CHECK(record->fingerprint > 0 && record->fingerprint <= INT64_MAX);
        last = as_text(record->bytes);
        position = position.next();
        FOZ_CHECK((*reader)->position() == position);
    }
    if (position > status.first) {
        const auto later = journal.read_from(position.previous().value_or(position));
        FOZ_CHECK(later.has_value());
        const auto record = next_record(**later, status.durable_end);
        FOZ_CHECK(record && as_text(record->bytes) == last);
    }
    return position;
}

void check_times(Journal& journal) {
    const Status status = journal.status();
    for (const std::int64_t time : {INT64_MIN, std::int64_t{0}, INT64_MAX}) {
        const auto found = journal.position_at(SystemTime(Microseconds(time)));
        FOZ_CHECK(!found || (*found >= status.first && *found <= status.durable_end));
    }
}

/// What another process sees of it.
std::optional<Position> check_reading(Disk& disk) {
    const auto journal = open_local_journal_read_only(kDirectory, disk.files);
    if (!journal) return std::nullopt;
    check_times(**journal);
    return check_records(**journal);
}

void check_survey(const Survey& survey, std::size_t file_bytes) {
    FOZ_CHECK(survey.segments.size() == 1);
    FOZ_CHECK(survey.end >= survey.segments[0]->header.first);
    FOZ_CHECK(survey.end >= survey.cursors.durable_end);
    FOZ_CHECK(survey.end_offset >= kSegmentHeaderBytes && survey.end_offset <= file_bytes);
    FOZ_CHECK(survey.unproven_offset <= survey.end_offset);
}

/// Mending the tail changes nothing but what is behind the end, which is zeros then, and after that
/// the journal is what it was.
void check_mending(Disk& disk, const Survey& survey) {
    const std::string before = disk.content();
    const auto read_before = check_reading(disk);
    FOZ_CHECK(mend_tail(disk.files, survey).has_value());
    disk.files.restart(support::Loss::everything);
    const std::string after = disk.content();
    FOZ_CHECK(after.size() == before.size());
    FOZ_CHECK(after.starts_with(std::string_view(before).substr(0, survey.end_offset)));
    FOZ_CHECK(after.find_first_not_of('\0', survey.end_offset) == std::string::npos);

    const auto again = disk.survey(Strictness::owner);
    FOZ_CHECK(again.has_value());
    check_same(survey, *again);
    FOZ_CHECK(check_reading(disk) == read_before);
}

void try_input(std::span<const std::uint8_t> input) {
    if (input.size() < kPrefixBytes) return;
    Disk disk;
    fill(disk, input);
    const auto survey = disk.survey(Strictness::owner);
    const auto onlooker = disk.survey(Strictness::onlooker);
    if (!survey) {
        FOZ_CHECK(survey.error().code == ErrorCode::corrupt ||
                  survey.error().code == ErrorCode::unsupported);
        (void)check_reading(disk);
        return;
    }
    // An owner accepts less than an onlooker does.
    FOZ_CHECK(onlooker.has_value());
    check_survey(*survey, disk.content().size());
    check_same(*survey, *onlooker);
    check_mending(disk, *survey);
}

}  // namespace
}  // namespace foz::journal::local

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    foz::journal::local::try_input({data, size});
    return 0;
}
