// SPDX-License-Identifier: Apache-2.0
// The journal on the local disk: segment files in one folder, one writer thread, group commit.
//
// Appenders copy their records into the queue under a short lock, and get their position at once.
// The writer thread takes all that is queued, writes it, calls fdatasync once, and tells the
// listeners. A segment is preallocated and zero-filled before it is used, so that a sync writes no
// file-system metadata.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/file_system.h"
#include "journal/journal.h"

namespace foz::journal::local {

/// Limits, in bytes. Defaults suit a small machine; the configuration's [journal] sets them.
struct LocalJournalOptions {
    std::filesystem::path directory;
    std::uint64_t segment_bytes = 64ULL
                                  << 20;   // at least 4 KiB; a larger append gets a larger segment
    std::uint64_t size_max = 10ULL << 30;  // the cap: all segments together; then back-pressure
    std::uint64_t free_space_min = 256ULL
                                   << 20;  // stall rather than fill the disk to the last byte
    std::uint64_t queue_bytes_max = 16ULL << 20;  // accepted but not yet written
    std::uint64_t tail_bytes = 16ULL << 20;  // of what was written last, kept in memory for readers
    std::uint64_t retain_bytes = 1ULL
                                 << 30;  // keep this much that every cursor has passed, for replay
    std::chrono::seconds retain_age = std::chrono::hours(24 * 7);  // and nothing older than this
};

/// The largest RecordBatch that append() takes, in bytes of its stored form: room for the largest
/// MQTT packet (256 MiB) behind what else a reactor has read.
inline constexpr std::uint64_t kAppendBytesMax = 512ULL << 20;

/// Opens the journal in `options.directory`, or makes one; recovers from a crash first: a torn tail
/// is cut off, anything else that is not what foz wrote is an error (corrupt) that names segment
/// and offset. The folder is locked against a second process (error: unavailable, naming the
/// folder). The returned object has its writer thread running; its destructor writes what is queued
/// and stops it.
[[nodiscard]] Result<std::unique_ptr<Journal>> open_local_journal(
        const LocalJournalOptions& options, FileSystem& files, const Clock& clock);

/// For commands that look at a journal that another process may be writing: takes no lock, starts
/// no thread, changes nothing. Its end is where the last whole frame on disk ends; append and the
/// cursor setters fail a FOZ_CHECK.
[[nodiscard]] Result<std::unique_ptr<Journal>> open_local_journal_read_only(
        const std::filesystem::path& directory, FileSystem& files);

/// One segment file, for a person to look at.
struct SegmentSummary {
    std::filesystem::path path;
    Position first;  // of its first record
    Position end;    // of the record after its last; the journal's end for the last segment
    std::uint64_t file_bytes = 0;
    SystemTime
            first_appended;  // when its first record was appended, or it was made, if it is empty
};

/// The segments of the journal in `directory`, oldest first. As open_local_journal_read_only: takes
/// no lock.
[[nodiscard]] Result<std::vector<SegmentSummary>> list_segments(
        const std::filesystem::path& directory, FileSystem& files);

}  // namespace foz::journal::local
