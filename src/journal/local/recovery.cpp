// SPDX-License-Identifier: Apache-2.0
#include "journal/local/recovery.h"

#include <algorithm>
#include <deque>

#include "journal/local/frame_reader.h"

namespace foz::journal::local {
namespace {

constexpr std::uint64_t kPieceBytes = 1 << 20;
static_assert(kPieceBytes % kFrameAlignment == 0 && kSegmentHeaderBytes % kFrameAlignment == 0);

constexpr std::string_view kWhatToDo =
        "restore the journal folder from a backup, or move it away to start with an empty one";

Result<std::shared_ptr<Segment>> load_segment(
        FileSystem& files, const std::filesystem::path& path) {
    auto file = files.open(path, OpenMode::read);
    if (!file) {
        return pass_on(file);
    }
    SegmentHeaderBytes bytes{};
    const auto count = (*file)->read_at(0, bytes);
    if (!count) {
        return std::unexpected(count.error());
    }
    auto header = decode_segment_header(ByteView(bytes).first(*count), path.string());
    if (!header) {
        return pass_on(header);
    }
    const auto size = (*file)->size();
    if (!size) {
        return std::unexpected(size.error());
    }
    return std::make_shared<Segment>(path, *header, *size);
}

/// Checks that `next` belongs behind `previous`, and links them.
Result<void> link(Segment& previous, const Segment& next) {
    if (next.header.journal != previous.header.journal) {
        return fail(ErrorCode::corrupt,
                "{} is of another journal ({}) than {} ({}); move the one that does not belong "
                "here away",
                next.path.string(), next.header.journal.text(), previous.path.string(),
                previous.header.journal.text());
    }
    if (next.header.previous_first != previous.header.first) {
        return fail(ErrorCode::corrupt,
                "a segment is missing between {} and {}: the file {} should be there; {}",
                previous.path.string(), next.path.string(),
                segment_name(next.header.previous_first), kWhatToDo);
    }
    previous.readable_bytes = previous.file_bytes;
    previous.end = next.header.first;
    return {};
}

Result<std::vector<std::shared_ptr<Segment>>> load_segments(
        FileSystem& files, const std::filesystem::path& directory) {
    const auto names = files.list(directory);
    if (!names) {
        return std::unexpected(names.error());
    }
    std::vector<std::shared_ptr<Segment>> segments;
    for (const std::string& name : *names) {
        const auto position = segment_name_position(name);
        if (!position) {
            continue;
        }
        auto segment = load_segment(files, directory / name);
        if (!segment) {
            return pass_on(segment);
        }
        if ((*segment)->header.first != *position) {
            return fail(ErrorCode::corrupt,
                    "{} holds the segment from position {}: the file was renamed; give it back its "
                    "name, {}",
                    (*segment)->path.string(), (*segment)->header.first,
                    segment_name((*segment)->header.first));
        }
        if (!segments.empty()) {
            if (auto linked = link(*segments.back(), **segment); !linked) {
                return pass_on(linked);
            }
        }
        segments.push_back(*std::move(segment));
    }
    return segments;
}

Result<CursorFile> load_cursors(FileSystem& files, const std::filesystem::path& directory) {
    auto cursors = CursorFile::read(files, directory);
    if (!cursors && cursors.error().code == ErrorCode::not_found) {
        return CursorFile{};
    }
    return cursors;
}

/// Finds the end of the last segment: sets end, end_offset and unproven_offset.
Result<void> scan_last_segment(FileSystem& files, Survey& survey) {
    const std::shared_ptr<Segment>& segment = survey.segments.back();
    auto file = open_segment(files, *segment);
    if (!file) {
        return pass_on(file);
    }
    FrameReader frames(*std::move(file), segment);
    survey.end = segment->header.first;
    survey.end_offset = frames.offset();
    struct Place {
        Position end;
        std::uint64_t offset;
    };
    std::deque<Place> unproven;
    Position proven = survey.cursors.durable_end;
    while (true) {
        auto next = frames.next_if_valid(segment->file_bytes);
        if (!next) {
            return pass_on(next);
        }
        const auto& frame = *next;
        if (!frame || frame->header.first != survey.end) {
            break;
        }
        survey.end = frame->header.end();
        survey.end_offset = frames.offset();
        proven = std::max(proven, frame->header.durable_end);
        unproven.push_back({survey.end, frame->offset});
        while (!unproven.empty() && unproven.front().end <= proven) {
            unproven.pop_front();
        }
    }
    survey.unproven_offset = unproven.empty() ? survey.end_offset : unproven.front().offset;
    segment->readable_bytes = survey.end_offset;
    return {};
}

/// The size of a buffer for the bytes of [from, to): a piece and the frame header behind it, or
/// all.
std::uint64_t buffer_bytes(std::uint64_t from, std::uint64_t to) {
    return from < to ? std::min(kPieceBytes + kFrameHeaderBytes, to - from) : 0;
}

/// Calls `visit(offset, bytes)` for the file's bytes from `offset` on, in pieces that overlap by a
/// frame header, so that each header lies whole in one of them.
template <class Visit>
Result<void> visit_pieces(const File& file, std::uint64_t offset, std::uint64_t end, Visit visit) {
    std::vector<std::byte> piece(buffer_bytes(offset, end));
    for (; offset < end; offset += kPieceBytes) {
        const std::uint64_t wanted = std::min<std::uint64_t>(piece.size(), end - offset);
        const auto count = file.read_at(offset, std::span(piece).first(wanted));
        if (!count) {
            return std::unexpected(count.error());
        }
        if (auto visited = visit(offset, ByteView(piece).first(*count)); !visited) {
            return visited;
        }
    }
    return {};
}

struct Proof {
    Position durable_end;  // what was known to be on disk
    std::string source;    // who says so
};

/// What the frames behind the bad place knew to be durable.
Result<Proof> proof_behind(FileSystem& files, const Survey& survey) {
    const Segment& segment = *survey.segments.back();
    auto file = open_segment(files, segment);
    if (!file) {
        return pass_on(file);
    }
    Proof proof;
    auto visited = visit_pieces(**file, survey.end_offset, segment.file_bytes,
            [&](std::uint64_t offset, ByteView piece) -> Result<void> {
                for (std::size_t at = 0; at + kFrameHeaderBytes <= piece.size();
                        at += kFrameAlignment) {
                    const auto header = decode_frame_header(piece.data() + at, segment.frame_seed);
                    if (header && header->durable_end > proof.durable_end) {
                        proof.durable_end = header->durable_end;
                        proof.source = fmt::format("the frame at offset {}", offset + at);
                    }
                }
                return {};
            });
    if (!visited) {
        return pass_on(visited);
    }
    return proof;
}

/// The journal must reach as far as anything says that it did.
Result<void> check_end(FileSystem& files, const Survey& survey) {
    auto proof = proof_behind(files, survey);
    if (!proof) {
        return pass_on(proof);
    }
    if (survey.cursors.durable_end > proof->durable_end) {
        *proof = {survey.cursors.durable_end, "the file cursors"};
    }
    if (proof->durable_end <= survey.end) {
        return {};
    }
    return fail(ErrorCode::corrupt,
            "{}, offset {}: the records from position {} on are damaged or missing, but {} says "
            "that those below {} were on disk; {}",
            survey.segments.back()->path.string(), survey.end_offset, survey.end, proof->source,
            proof->durable_end, kWhatToDo);
}

/// The cursors must be this journal's, and not ask for what is not there.
Result<void> check_cursors(const Survey& survey, const std::filesystem::path& directory) {
    const Segment& oldest = *survey.segments.front();
    if (survey.cursors.journal != oldest.header.journal) {
        return fail(ErrorCode::corrupt,
                "{}: the file cursors is of another journal ({}) than the segments ({}); move it "
                "away",
                directory.string(), survey.cursors.journal.text(), oldest.header.journal.text());
    }
    for (const NamedCursor& cursor : survey.cursors.cursors) {
        if (cursor.position < oldest.header.first) {
            return fail(ErrorCode::corrupt,
                    "a segment is missing before {}: the reader {} still needs the records from "
                    "position {} on; {}",
                    oldest.path.string(), cursor.name, cursor.position, kWhatToDo);
        }
    }
    return {};
}

}  // namespace

Result<std::optional<Survey>> survey_journal(
        FileSystem& files, const std::filesystem::path& directory, Strictness strictness) {
    // The cursors first: what they say was true before the segments are looked at.
    auto cursors = load_cursors(files, directory);
    if (!cursors) {
        return pass_on(cursors);
    }
    auto segments = load_segments(files, directory);
    if (!segments) {
        return pass_on(segments);
    }
    const bool has_cursors = cursors->journal != JournalId{};
    if (segments->empty()) {
        if (has_cursors) {
            return fail(ErrorCode::corrupt, "{}: there are cursors but no segments; {}",
                    directory.string(), kWhatToDo);
        }
        return std::nullopt;
    }
    Survey survey{*std::move(cursors), *std::move(segments), {}};
    if (auto scanned = scan_last_segment(files, survey); !scanned) {
        return pass_on(scanned);
    }
    if (strictness == Strictness::owner) {
        if (auto checked = check_end(files, survey); !checked) {
            return pass_on(checked);
        }
        if (has_cursors) {
            if (auto checked = check_cursors(survey, directory); !checked) {
                return pass_on(checked);
            }
        }
    }
    const JournalId journal = survey.segments.front()->header.journal;
    if (survey.cursors.journal == journal && survey.cursors.durable_end > survey.end) {
        // Only an onlooker comes here. Let its reader find the damage, and say where it is.
        survey.end = survey.cursors.durable_end;
        survey.segments.back()->readable_bytes = survey.segments.back()->file_bytes;
    }
    survey.cursors.journal = journal;
    return survey;
}

namespace {

/// Writes the bytes of [from, to) again as they are. After a sync that failed, the page cache may
/// hold them as if they were on disk when they are not; written again, the next sync takes them
/// there.
Result<void> write_again(File& file, std::uint64_t from, std::uint64_t to) {
    std::vector<std::byte> piece(buffer_bytes(from, to));
    while (from < to) {
        const auto part = std::span(piece).first(std::min<std::uint64_t>(kPieceBytes, to - from));
        const auto count = file.read_at(from, part);
        if (!count) {
            return std::unexpected(count.error());
        }
        if (auto written = file.write_at(from, part.first(*count)); !written) {
            return written;
        }
        from += part.size();
    }
    return {};
}

Result<void> zero_from(File& file, std::uint64_t from, std::uint64_t to) {
    const std::vector<std::byte> zeros(buffer_bytes(from, to));
    return visit_pieces(file, from, to, [&](std::uint64_t offset, ByteView piece) -> Result<void> {
        if (std::ranges::equal(piece, ByteView(zeros).first(piece.size()))) {
            return {};
        }
        return file.write_at(offset, ByteView(zeros).first(piece.size()));
    });
}

}  // namespace

Result<std::unique_ptr<File>> mend_tail(FileSystem& files, const Survey& survey) {
    const Segment& segment = *survey.segments.back();
    auto file = files.open(segment.path, OpenMode::read_write);
    if (!file) {
        return file;
    }
    auto mended = write_again(**file, survey.unproven_offset, survey.end_offset);
    if (mended) {
        mended = zero_from(**file, survey.end_offset, segment.file_bytes);
    }
    if (mended) {
        mended = (*file)->sync_data();
    }
    if (!mended) {
        return pass_on(mended);
    }
    return file;
}

}  // namespace foz::journal::local
